import { PaymentsUnavailable } from '@morket/contract/billing';
import { DomainError } from '@morket/contract/errors';
import type { Stripe } from 'stripe';

const DEFAULT_RETRY_SECONDS = 30;
const MAX_RETRY_SECONDS = 3_600;

type Errors = typeof Stripe.errors;
/** One verb's view of Stripe: every request of it ends before the same deadline. */
export type StripeCall = { readonly stripe: Stripe; readonly errors: Errors };

export type StripeConnection = {
  readonly secretKey: string;
  /** Another address than Stripe's; anything but the loopback interface has to be https. */
  readonly apiUrl?: string | undefined;
  /** For all requests of one verb together, bodies included. */
  readonly timeoutMs: number;
};

function endpoint(apiUrl: string): { host: string; port: string; protocol: 'http' | 'https' } {
  const { protocol, hostname, port, pathname } = new URL(apiUrl);
  const isLoopback = hostname === '127.0.0.1' || hostname === '[::1]' || hostname === 'localhost';
  if (pathname !== '/' || !(protocol === 'https:' || (protocol === 'http:' && isLoopback))) {
    throw new Error('The address of the Stripe API must be an https origin: the secret key is sent to it.');
  }
  const isHttps = protocol === 'https:';
  return { host: hostname, port: port || (isHttps ? '443' : '80'), protocol: isHttps ? 'https' : 'http' };
}

/** What an operator may read of a failure. Stripe's own text is left out: it repeats parts of keys and of what was sent. */
function describe({ type, code, param, statusCode, requestId }: Stripe.errors.StripeError): string {
  const facts = { status: statusCode, code, param, request: requestId };
  const known = Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return [type, ...known].join(', ');
}

function retryAfterSeconds(err: unknown, errors: Errors): number {
  const header = err instanceof errors.StripeError ? err.headers?.['retry-after'] : undefined;
  const seconds = /^\d{1,6}$/.test(header ?? '') ? Number(header) : DEFAULT_RETRY_SECONDS;
  return Math.min(Math.max(seconds, 1), MAX_RETRY_SECONDS);
}

/** For a failure that leaves the outcome open; its cause carries no secret. */
function unavailable(err: unknown, errors: Errors): DomainError {
  const details = { retryAfterSeconds: retryAfterSeconds(err, errors) };
  const cause = err instanceof errors.StripeError ? new Error(`Stripe: ${describe(err)}`) : err;
  return PaymentsUnavailable(details, cause);
}

/**
 * Opens calls to Stripe. Its package is loaded with the first one: it costs some 100 ms and 30 MB, which a process without
 * payments should not pay.
 */
export function createStripeCalls({ secretKey, apiUrl, timeoutMs }: StripeConnection) {
  const address = apiUrl === undefined ? {} : endpoint(apiUrl);

  async function open(signal?: AbortSignal): Promise<StripeCall> {
    const { Stripe } = await import('stripe');
    const deadline = AbortSignal.timeout(timeoutMs);
    const ends = signal ? [deadline, signal] : [deadline];
    const fetchBounded: typeof fetch = (url, init) =>
      fetch(url, {
        ...init,
        redirect: 'error',
        signal: AbortSignal.any(init?.signal ? [...ends, init.signal] : ends),
      });
    const stripe = new Stripe(secretKey, {
      ...address,
      apiVersion: '2026-10-28.endive',
      // Whoever asks again decides so: the recharge counts each attempt.
      maxNetworkRetries: 0,
      // Else the package writes an id to the home directory and sends it along.
      telemetry: false,
      httpClient: Stripe.createFetchHttpClient(fetchBounded),
    });
    return { stripe, errors: Stripe.errors };
  }

  /** Runs one verb. Our errors pass; whatever else `work` throws becomes PaymentsUnavailable. */
  async function call<T>(work: (call: StripeCall) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const opened = await open(signal);
    try {
      return await work(opened);
    } catch (err) {
      throw err instanceof DomainError ? err : unavailable(err, opened.errors);
    }
  }
  return call;
}
