import { StripeFakeFailure } from './stripe-fake-protocol.ts';

/** An answer as it was sent. */
export type StripeFakeAnswer = { readonly status: number; readonly body: unknown; readonly requestId: string };
type Entry = { readonly fingerprint: string; readonly operation: string; answer: StripeFakeAnswer | null };

/** The keys of one account, by the rules of https://docs.stripe.com/api/idempotent_requests. */
export function createIdempotencyKeys() {
  const entries = new Map<string, Entry>();
  return {
    /** The stored answer, or null when this request is the first and has to be run. Throws what a misused key is answered. */
    begin(key: string, operation: string, fingerprint: string): StripeFakeAnswer | null {
      const entry = entries.get(key);
      if (!entry) {
        entries.set(key, { fingerprint, operation, answer: null });
        return null;
      }
      if (entry.operation !== operation || entry.fingerprint !== fingerprint) {
        const same =
          entry.operation === operation ? 'with the same parameters they were' : 'for the same endpoint they were';
        throw new StripeFakeFailure(400, {
          type: 'idempotency_error',
          message: `Keys for idempotent requests can only be used ${same} first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        });
      }
      if (!entry.answer) {
        throw new StripeFakeFailure(409, {
          type: 'idempotency_error',
          code: 'idempotency_key_in_use',
          message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
        });
      }
      return entry.answer;
    },
    /** Keeps the answer for whoever repeats the request, failures of the server included. */
    store(key: string, answer: StripeFakeAnswer): void {
      const entry = entries.get(key);
      if (entry) entry.answer = answer;
    },
    /** Nothing is kept of a request that was not run, or failed its validation. */
    forget: (key: string) => entries.delete(key),
    /** As a day later. */
    forgetAll: () => entries.clear(),
  };
}
