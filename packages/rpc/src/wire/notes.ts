/**
 * What superjson would write beside a value, gathered while the value is walked in place. JSON itself writes a date as superjson does,
 * so the value need not be copied: only the paths of its dates are missing.
 */
export type Notes = {
  /** The entries of superjson's `meta.values` as JSON, each with a comma after it. */
  dates: string;
  /** Two paths to one date would need superjson's note that they are one. */
  readonly seen: Set<Date>;
  count: number;
};

/**
 * Notes the dates of a value that its schema has passed. False when superjson would note something else, too (−0, `undefined`, a key
 * it reads differently): then it has to do the work. `path` is escaped for superjson and for JSON; the root's is empty.
 */
export type Walk = (value: unknown, path: string, notes: Notes) => boolean;

export const createNotes = (): Notes => ({ dates: '', seen: new Set(), count: 0 });

/** A field name as a part of superjson's path inside a JSON string. */
export const escapedKey = (key: string): string =>
  JSON.stringify(key.replaceAll('\\', '\\\\').replaceAll('.', '\\.')).slice(1, -1);

/** superjson throws for three of these; the path of an empty one looks like the root's. */
const SPECIAL_KEYS: ReadonlySet<string> = new Set(['', '__proto__', 'constructor', 'prototype']);

export const isSpecialKey = (key: string): boolean => SPECIAL_KEYS.has(key);

export const childPath = (path: string, key: string | number): string => (path === '' ? `${key}` : `${path}.${key}`);

export const walkDate: Walk = (value, path, notes) => {
  // JSON writes these two otherwise than superjson.
  if (!(value instanceof Date) || Number.isNaN(value.getTime()) || Object.hasOwn(value, 'toJSON')) return false;
  notes.seen.add(value);
  notes.count += 1;
  notes.dates += `"${path}":["Date"],`;
  return true;
};

export const walkNumber: Walk = (value) => Number.isFinite(value) && !Object.is(value, -0);

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Walks whatever JSON and dates are made of: for where the schema leaves several shapes open. */
export const walkAnything: Walk = (value, path, notes) => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return walkNumber(value, path, notes);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (value instanceof Date) return walkDate(value, path, notes);
  if (Array.isArray(value)) return value.every((item, index) => walkAnything(item, childPath(path, index), notes));
  if (!isPlainObject(value)) return false;
  return Object.entries(value).every(
    ([key, item]) => !isSpecialKey(key) && walkAnything(item, childPath(path, escapedKey(key)), notes),
  );
};
