import type { ServerResponse } from 'node:http';
import type { StripeFakeAnswer } from './stripe-fake-idempotency.ts';
import type { StripeOperation } from './stripe-fake-routes.ts';

/**
 * `before` the request takes effect, or `after`. `disconnect` cuts the connection; `hold` leaves it without an answer until it
 * is released; `stall` sends half of the answer and then nothing; `answer` is a failure of the server, which Stripe keeps under
 * the idempotency key unless `isStored` is false.
 */
export type StripeFault =
  | { readonly kind: 'disconnect'; readonly when: 'before' | 'after' }
  | { readonly kind: 'hold'; readonly when: 'before' | 'after' }
  | { readonly kind: 'stall'; readonly when: 'after' }
  | {
      readonly kind: 'answer';
      readonly when: 'before' | 'after';
      readonly status: number;
      readonly isStored?: boolean;
      readonly retryAfterSeconds?: number;
    };

/** What goes out instead of the answer; nothing at all without one. */
type Broken = {
  readonly answer: StripeFakeAnswer | null;
  readonly isStored: boolean;
  readonly headers: Record<string, string>;
};
/** A fault on its way to a request. */
export type PlannedFault = { readonly fault: StripeFault; readonly meet: () => void };

const silent: Broken = { answer: null, isStored: false, headers: {} };

/** The faults in store for the requests to come. */
export function createFaults() {
  const planned = new Map<StripeOperation, PlannedFault[]>();
  let held: (() => void)[] = [];

  return {
    plan(operation: StripeOperation, fault: StripeFault): { readonly met: Promise<void> } {
      const { promise, resolve } = Promise.withResolvers<void>();
      planned.set(operation, [...(planned.get(operation) ?? []), { fault, meet: resolve }]);
      return { met: promise };
    },
    take: (operation: StripeOperation): PlannedFault | null => planned.get(operation)?.shift() ?? null,
    /** Null when the request goes on as if nothing had been. */
    async strike(
      { fault, meet }: PlannedFault,
      response: ServerResponse,
      requestId: string,
      answer?: StripeFakeAnswer,
    ): Promise<Broken | null> {
      meet();
      if (fault.kind === 'hold') {
        await new Promise<void>((resolve) => held.push(resolve));
        return null;
      }
      if (fault.kind === 'disconnect') {
        response.destroy();
        return silent;
      }
      if (fault.kind === 'stall') {
        const text = JSON.stringify(answer?.body);
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        response.write(text.slice(0, text.length / 2));
        return silent;
      }
      const { status, isStored = status >= 500, retryAfterSeconds } = fault;
      const isLimit = status === 429;
      const type = isLimit ? 'invalid_request_error' : 'api_error';
      const body = { error: { type, message: 'Something went wrong.', ...(isLimit ? { code: 'rate_limit' } : {}) } };
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return { answer: { status, body, requestId }, isStored, headers };
    },
    clear: () => planned.clear(),
    release(): void {
      const waiting = held;
      held = [];
      for (const resume of waiting) resume();
    },
  };
}
