import type { FieldType, FieldValue, FormField, SubmissionState } from '@morket/contract/form';
import { Email, isStorableText } from '@morket/contract/primitives';

/** What of a form decides how a submission is read. */
export type FormRules = {
  readonly allowedOrigins: readonly string[];
  readonly honeypot: string | null;
  readonly fields: readonly FormField[];
};

export type Sent = {
  readonly body: Uint8Array;
  readonly contentType: string | null;
  readonly origin: string | null;
  /** Somebody looked at it and let it pass. */
  readonly isCleared: boolean;
};

type Problem = { readonly field: string; readonly problem: string };
export type Settled = {
  readonly state: Exclude<SubmissionState, 'received'>;
  readonly fields: Readonly<Record<string, FieldValue>> | null;
  readonly problems: readonly Problem[];
};

const MAX_ENTRIES = 200;
const MAX_NAME_LENGTH = 100;
const MAX_TEXT_LENGTH = 10_000;
const YES = new Set(['true', 'on', 'yes', '1']);
const NO = new Set(['false', 'off', 'no', '0']);
const utf8 = new TextDecoder('utf-8', { fatal: true });

type Entries = ReadonlyMap<string, string>;

/** A plain value as text; a list (several boxes of one name) as its parts; null for what is neither. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return null;
  const parts = value.map(textOf);
  return parts.every((part) => part !== null) ? parts.join(', ') : null;
}

function entriesOfJson(text: string): Entries | null {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const entries = Object.entries(value).flatMap(([name, given]): [string, string][] => {
    // What is nested has no place in a field; the body keeps it.
    const plain = Array.isArray(given) && given.some((item) => typeof item === 'object') ? null : textOf(given);
    return plain === null ? [] : [[name, plain]];
  });
  return new Map(entries);
}

function entriesOfForm(text: string): Entries {
  const entries = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const before = entries.get(name);
    entries.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return entries;
}

/** The plain values of a body by their names; null for what cannot be read. */
export function readEntries({ body, contentType }: Pick<Sent, 'body' | 'contentType'>): Entries | null {
  try {
    const text = utf8.decode(body);
    const isForm = contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true;
    const entries = isForm ? entriesOfForm(text) : entriesOfJson(text);
    return entries && entries.size <= MAX_ENTRIES ? entries : null;
  } catch {
    return null;
  }
}

/** What a text means as a value of its type, or why it means nothing. */
type Reading = { readonly value: FieldValue } | { readonly problem: string };

const READERS: Readonly<Record<FieldType, (text: string) => Reading>> = {
  text: (text) => ({ value: text }),
  email: (text) => {
    const email = Email.safeParse(text);
    return email.success ? { value: email.data } : { problem: 'is no e-mail address' };
  },
  phone: (text) =>
    /^\+?[\d\s().\-/]{5,30}$/.test(text) && /\d.*\d.*\d/.test(text)
      ? { value: text }
      : { problem: 'is no phone number' },
  url: (text) =>
    /^https?:\/\//i.test(text) && URL.canParse(text) ? { value: text } : { problem: 'is no address of a page' },
  number: (text) =>
    text !== '' && Number.isFinite(Number(text)) ? { value: Number(text) } : { problem: 'is no number' },
  boolean: (text) => {
    const word = text.toLowerCase();
    if (YES.has(word)) return { value: true };
    return NO.has(word) ? { value: false } : { problem: 'is neither yes nor no' };
  },
  date: (text) =>
    /^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text) ? { value: text } : { problem: 'is no date like 2026-11-21' },
};

/** Whether the calendar has it: 30 February rolls over and is told by that. */
function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

function readField({ from, type, required }: FormField, entries: Entries): Reading | null {
  const text = (entries.get(from) ?? '').trim();
  if (text === '') return required ? { problem: 'is missing' } : null;
  if (text.length > MAX_TEXT_LENGTH) return { problem: `is longer than ${MAX_TEXT_LENGTH} characters` };
  if (!isStorableText(text)) return { problem: 'holds characters that cannot be stored' };
  return READERS[type](text);
}

/** Where there is no field map, each entry is a text under its own name. */
const ownNames = (entries: Entries, honeypot: string | null): FormField[] =>
  [...entries.keys()]
    .filter(
      (name) => name !== honeypot && name !== '__proto__' && name.length <= MAX_NAME_LENGTH && isStorableText(name),
    )
    .map((name) => ({ from: name, to: name, type: 'text', required: false }));

const refused = (state: 'invalid' | 'spam' | 'refused', problems: readonly Problem[] = []): Settled => ({
  state,
  fields: null,
  problems,
});

/** What becomes of a submission. The same bytes under the same rules always become the same. */
export function settleSubmission(rules: FormRules, sent: Sent): Settled {
  const isFromList = sent.origin !== null && rules.allowedOrigins.includes(sent.origin);
  if (!sent.isCleared && rules.allowedOrigins.length > 0 && !isFromList) return refused('refused');
  const entries = readEntries(sent);
  if (!entries) return refused('invalid', [{ field: '', problem: 'the body cannot be read' }]);
  const trap = rules.honeypot === null ? '' : (entries.get(rules.honeypot) ?? '');
  if (!sent.isCleared && trap.trim() !== '') return refused('spam');

  const values = new Map<string, FieldValue>();
  const problems: Problem[] = [];
  const fields = rules.fields.length > 0 ? rules.fields : ownNames(entries, rules.honeypot);
  for (const field of fields) {
    const reading = readField(field, entries);
    if (reading && 'problem' in reading) problems.push({ field: field.from, problem: reading.problem });
    else if (reading) values.set(field.to, reading.value);
  }
  if (problems.length > 0) return refused('invalid', problems.slice(0, 100));
  return { state: 'accepted', fields: Object.fromEntries(values), problems: [] };
}
