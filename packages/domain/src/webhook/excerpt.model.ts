const MAX_BYTES = 1_024;
/** Looked at before it is cut, so that no half of a secret is left at the end. */
const LOOKED_AT = 4 * MAX_BYTES;
const REDACTED = '[redacted]';

/** Secrets wherever they stand: signing secrets, signatures, bearer tokens, JWTs, keys. Receivers like to answer with what they got. */
const SECRETS: readonly RegExp[] = [
  /whsec_[\w+/=-]{8,}/g,
  /v1a?,[\w+/=-]{16,}/g,
  /(?<=bearer\s{1,4})[\w.~+/-]{8,}=*/gi,
  /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g,
  /\b(?:sk|pk|rk|mk)_[A-Za-z0-9_]{8,}/g,
];

/** The beginning of an answer as text of at most 1 KB, without control characters and without secrets; null for an empty one. */
export function excerptOf(body: Uint8Array, secrets: readonly string[]): string | null {
  const text = new TextDecoder().decode(body.subarray(0, LOOKED_AT));
  const known = secrets.flatMap((secret) => [secret, secret.replace(/^whsec_/, '')]);
  const scrubbed = [...known, ...SECRETS].reduce<string>((rest, secret) => rest.replaceAll(secret, REDACTED), text);
  const printable = scrubbed.replace(/[^\P{Cc}\n\t]/gu, '').trim();
  const bytes = new TextEncoder().encode(printable).subarray(0, MAX_BYTES);
  // A character cut in two decodes to a mark that says so.
  const excerpt = new TextDecoder().decode(bytes).replace(/�$/, '');
  return excerpt === '' ? null : excerpt;
}
