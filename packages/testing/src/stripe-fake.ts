import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createFaults, type PlannedFault, type StripeFault } from './stripe-fake-faults.ts';
import { createIdempotencyKeys, type StripeFakeAnswer } from './stripe-fake-idempotency.ts';
import { createIntents } from './stripe-fake-intents.ts';
import { createMethods } from './stripe-fake-methods.ts';
import { StripeFakeFailure } from './stripe-fake-protocol.ts';
import { createRoutes, type StripeOperation } from './stripe-fake-routes.ts';
import {
  postDelivery,
  type SigningOptions,
  type StripeFakeDelivery,
  type StripeFakeEvent,
  signEvent,
} from './stripe-fake-webhooks.ts';

export type StripeFakeRequest = {
  readonly operation: StripeOperation | null;
  readonly headers: IncomingMessage['headers'];
  readonly params: URLSearchParams;
};

/** Of the answers; a client pins its own. */
const API_VERSION = '2026-10-28.endive';

/** Null when the client went away while sending. */
async function readParams(request: IncomingMessage, url: URL): Promise<URLSearchParams | null> {
  const body = await text(request).catch(() => null);
  if (body === null) return null;
  return request.method === 'GET' ? url.searchParams : new URLSearchParams(body);
}

/**
 * Stripe's HTTP API for charging stored cards, on a free port of the loopback interface: its form-encoded requests, error
 * objects, test cards, idempotency rules and signed webhooks. It keeps everything in memory and calls nobody by itself.
 */
export async function startStripeFake({ nowMs = Date.now }: { readonly nowMs?: () => number } = {}) {
  const secretKey = 'sk_test_fake_0123456789';
  const webhookSecret = 'whsec_fake_0123456789';
  const ids = new Map<string, number>();
  const newId = (prefix: string): string => {
    const next = (ids.get(prefix) ?? 0) + 1;
    ids.set(prefix, next);
    return `${prefix}_fake${String(next).padStart(6, '0')}`;
  };
  const requests: StripeFakeRequest[] = [];
  const events: StripeFakeEvent[] = [];
  const keys = createIdempotencyKeys();
  const faults = createFaults();
  const methods = createMethods(newId);
  const intents = createIntents({
    methods,
    newId,
    nowMs,
    emit: (type, object) => {
      const created = Math.floor(nowMs() / 1_000);
      const id = newId('evt');
      events.push({ id, object: 'event', api_version: API_VERSION, created, type, livemode: false, data: { object } });
    },
  });
  const route = createRoutes(methods, intents);

  function execute(run: () => unknown, requestId: string): { answer: StripeFakeAnswer; isStored: boolean } {
    try {
      return { answer: { status: 200, body: run(), requestId }, isStored: true };
    } catch (err) {
      if (!(err instanceof StripeFakeFailure)) throw err;
      // A decline is a result; what fails validation was never run.
      return { answer: { status: err.status, body: { error: err.error }, requestId }, isStored: err.status === 402 };
    }
  }

  function send(response: ServerResponse, answer: StripeFakeAnswer, headers: Record<string, string> = {}): void {
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'request-id': answer.requestId,
      'stripe-version': API_VERSION,
      ...headers,
    });
    response.end(JSON.stringify(answer.body));
  }

  function failed(response: ServerResponse, err: unknown, requestId: string): void {
    if (!(err instanceof StripeFakeFailure)) throw err;
    send(response, { status: err.status, body: { error: err.error }, requestId });
  }

  async function runOnce(
    response: ServerResponse,
    work: { readonly run: () => unknown; readonly key: string | null; readonly requestId: string },
    planned: PlannedFault | null,
  ): Promise<void> {
    const { run, key, requestId } = work;
    if (planned?.fault.when === 'before') {
      const broken = await faults.strike(planned, response, requestId);
      if (broken) {
        if (key && broken.isStored && broken.answer) keys.store(key, broken.answer);
        else if (key) keys.forget(key);
        if (broken.answer) send(response, broken.answer, broken.headers);
        return;
      }
    }
    const { answer, isStored } = execute(run, requestId);
    if (key && isStored) keys.store(key, answer);
    else if (key) keys.forget(key);
    const broken = planned?.fault.when === 'after' ? await faults.strike(planned, response, requestId, answer) : null;
    if (key && broken?.isStored && broken.answer) keys.store(key, broken.answer);
    if (!broken) send(response, answer, key ? { 'idempotency-key': key } : {});
    else if (broken.answer) send(response, broken.answer, broken.headers);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stripe.invalid');
    const params = await readParams(request, url);
    if (!params) return;
    const requestId = newId('req');
    const found = route(request.method ?? '', url.pathname, params);
    requests.push({ operation: found?.operation ?? null, headers: request.headers, params });
    try {
      if (request.headers.authorization !== `Bearer ${secretKey}`) {
        const message = `Invalid API Key provided: ${request.headers.authorization ?? ''}`;
        throw new StripeFakeFailure(401, { type: 'invalid_request_error', message });
      }
      if (!found) {
        throw new StripeFakeFailure(404, { type: 'invalid_request_error', message: 'Unrecognized request URL.' });
      }
      const header = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
      const key = typeof header === 'string' ? header : null;
      const planned = faults.take(found.operation);
      if (planned?.fault.kind === 'answer' && planned.fault.status === 429) {
        // The limiter stands before everything else.
        const broken = await faults.strike(planned, response, requestId);
        if (broken?.answer) send(response, broken.answer, broken.headers);
        return;
      }
      const stored = key && keys.begin(key, `${found.operation} ${url.pathname}`, params.toString());
      if (stored) {
        return send(response, stored, {
          'idempotent-replayed': 'true',
          'original-request': stored.requestId,
          'idempotency-key': key,
        });
      }
      await runOnce(response, { run: found.run, key, requestId }, planned);
    } catch (err) {
      failed(response, err, requestId);
    }
  }

  const server = createServer((request, response) => {
    // What it throws is a mistake of the fake or of its use: unhandled, it fails the run.
    void handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');

  const signed = (event: unknown, { secrets = [webhookSecret], atMs = nowMs() }: SigningOptions = {}) =>
    signEvent(event, { secrets, atMs });

  return {
    apiUrl: `http://127.0.0.1:${address.port}`,
    secretKey,
    webhookSecret,
    requests,
    /** Every event so far, oldest first; deliver them in whatever order and number. */
    events,
    intents: intents.all,
    /** Each time that money moved. */
    payments: intents.payments,
    customerCount: methods.customerCount,
    detach: methods.detach,
    deleteCustomer: methods.deleteCustomer,
    bankAnswersNext: intents.bankAnswersNext,
    settle: intents.settle,
    answerAction: intents.answerAction,
    indexSearch: intents.indexSearch,
    forgetIdempotencyKeys: keys.forgetAll,
    /** What befalls the next request of an operation; faults of one operation wait in line. `met` resolves when it does. */
    failNext: faults.plan,
    /** Faults that nothing has met are called off. */
    clearFaults: faults.clear,
    /** Held requests go on. */
    release: faults.release,
    /** The request in which an event arrives at a webhook endpoint. */
    signed,
    /** Posts events to an endpoint, one after the other; gives the status of each answer. */
    async deliver(url: string, sent: readonly unknown[], signing: SigningOptions = {}): Promise<number[]> {
      const statuses: number[] = [];
      for (const event of sent) statuses.push(await postDelivery(url, signed(event, signing)));
      return statuses;
    },
    async stop(): Promise<void> {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      faults.release();
      await closed;
    },
  };
}
export type StripeFake = Awaited<ReturnType<typeof startStripeFake>>;
export type { StripeFakeDelivery, StripeFault };
