import type { WebhookFailure } from '@morket/contract/webhook';
import { type SafeFetch, SafeFetchError } from '../safe-fetch/index.ts';
import type { ClaimedDelivery } from './claim.repo.ts';
import { excerptOf } from './excerpt.model.ts';
import { retryAfterMs } from './schedule.model.ts';
import { signedHeaders } from './signing.ts';

/** What came of one attempt. */
export type Outcome = {
  readonly startedAt: Date;
  readonly durationMs: number;
  /** Null where there was no answer. */
  readonly status: number | null;
  /** Null for success. */
  readonly failure: WebhookFailure | null;
  readonly excerpt: string | null;
  readonly retryAfterMs: number | null;
};

export type Receiver = { readonly url: string; readonly secrets: readonly string[] };

function failureOf(status: number): WebhookFailure | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? 'redirect' : 'status';
}

/** Sends a delivery once. Null when it was given up by `signal`: nobody knows what came of it. */
export async function attempt(
  fetch: SafeFetch,
  delivery: Pick<ClaimedDelivery, 'eventId' | 'body' | 'traceparent'>,
  { url, secrets }: Receiver,
  signal: AbortSignal,
): Promise<Outcome | null> {
  const startedAt = new Date();
  const beganMs = performance.now();
  const timing = () => ({ startedAt, durationMs: Math.round(performance.now() - beganMs) });
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Morket-Webhooks/1.0',
    ...signedHeaders(secrets, { id: delivery.eventId, body: delivery.body }, startedAt),
    ...(delivery.traceparent !== null && { traceparent: delivery.traceparent }),
  };
  try {
    const answer = await fetch.send({ url, method: 'POST', headers, body: delivery.body, signal });
    const { status } = answer;
    const asked = retryAfterMs(answer.headers['retry-after'], Date.now());
    const excerpt = excerptOf(answer.body, secrets);
    return { ...timing(), status, failure: failureOf(status), excerpt, retryAfterMs: asked };
  } catch (err) {
    if (!(err instanceof SafeFetchError)) throw err;
    if (err.failure === 'aborted') return null;
    return { ...timing(), status: null, failure: err.failure, excerpt: null, retryAfterMs: null };
  }
}
