import { createHmac, timingSafeEqual } from 'node:crypto';
import { CallbackRefused } from '@morket/contract/billing';

const TOLERANCE_SECONDS = 300;
/** A header of thousands of signatures would be thousands of comparisons. */
const MAX_HEADER_LENGTH = 2_000;

const digest = (secret: string, timestamp: string, body: Buffer): Buffer =>
  createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest();

/** The header `t=…,v1=…` for a body sent at `nowMs`, in the scheme of https://docs.stripe.com/webhooks#verify-manually. */
export function signCallback(body: Buffer, secret: string, nowMs: number): string {
  const timestamp = String(Math.floor(nowMs / 1_000));
  return `t=${timestamp},v1=${digest(secret, timestamp, body).toString('hex')}`;
}

function parseHeader(header: string): { timestamp: string; signatures: Buffer[] } {
  const items = header.split(',').map((item) => {
    const at = item.indexOf('=');
    return { name: item.slice(0, at).trim(), value: item.slice(at + 1).trim() };
  });
  const timestamps = items.filter(({ name }) => name === 't').map(({ value }) => value);
  const signatures = items.filter(({ name, value }) => name === 'v1' && /^[0-9a-f]{64}$/.test(value));
  const [timestamp] = timestamps;
  // Two times would leave open which of them was signed.
  if (timestamp === undefined || timestamps.length > 1 || !/^\d{1,12}$/.test(timestamp) || signatures.length === 0) {
    throw CallbackRefused({ reason: 'malformed' });
  }
  return { timestamp, signatures: signatures.map(({ value }) => Buffer.from(value, 'hex')) };
}

/**
 * Throws CallbackRefused unless one of `secrets` signed this body within five minutes of `nowMs`. Several secrets, and
 * several signatures in the header, are how a secret is replaced without losing a callback.
 */
export function verifyCallback(
  header: string | undefined,
  body: Buffer,
  { secrets, nowMs }: { readonly secrets: readonly string[]; readonly nowMs: number },
): void {
  if (!header) throw CallbackRefused({ reason: 'missing_signature' });
  if (header.length > MAX_HEADER_LENGTH) throw CallbackRefused({ reason: 'malformed' });
  const { timestamp, signatures } = parseHeader(header);
  const expected = secrets.map((secret) => digest(secret, timestamp, body));
  const isSigned = expected.some((good) => signatures.some((given) => timingSafeEqual(good, given)));
  if (!isSigned) throw CallbackRefused({ reason: 'bad_signature' });
  // Only a signed time is worth reading.
  if (Math.abs(nowMs / 1_000 - Number(timestamp)) > TOLERANCE_SECONDS) throw CallbackRefused({ reason: 'too_old' });
}

/** The JSON of a verified body. Throws CallbackRefused when it is none. */
export function parseCallbackBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw CallbackRefused({ reason: 'malformed' });
  }
}

/** Throws unless there is a secret and none is empty: an HMAC under an empty key is one that anybody can make. */
export function requireSecrets(secrets: readonly string[]): readonly string[] {
  if (secrets.length === 0 || secrets.some((secret) => secret.trim() === '')) {
    throw new Error('A payment gateway needs its secrets, and none of them may be empty.');
  }
  return secrets;
}
