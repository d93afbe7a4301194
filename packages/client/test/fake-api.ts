import superjson from 'superjson';
import type { FetchInit } from '../src/index.ts';

/** One call as it came in; `requestNumber` tells which calls shared an HTTP request. */
export type SeenCall = {
  readonly path: string;
  readonly input: unknown;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestNumber: number;
};

/** A refusal in the API's words. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, details: Readonly<Record<string, unknown>> = {}) {
    super(`refused: ${code}`);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

export type Procedure = (call: SeenCall) => unknown;
/** Stands between the client and the API: it may drop the request, its answer, or replace it. */
export type Wire = (url: string, init: FetchInit, deliver: () => Promise<Response>) => Promise<Response>;

/** The API at its HTTP boundary, in memory: it speaks the tRPC envelope and keeps what it saw. */
export function createFakeApi(procedures: Readonly<Record<string, Procedure>>) {
  const calls: SeenCall[] = [];
  let requests = 0;
  let wire: Wire = (_url, _init, deliver) => deliver();

  async function serve(url: string, init: FetchInit): Promise<Response> {
    const { pathname, searchParams } = new URL(url);
    const isBatch = searchParams.get('batch') === '1';
    const names = pathname.replace('/trpc/', '');
    const text = init.method === 'GET' ? searchParams.get('input') : init.body;
    const given: unknown = text ? JSON.parse(text) : undefined;
    const requestNumber = requests;
    requests += 1;

    const answers = await Promise.all(
      (isBatch ? names.split(',') : [names]).map(async (path, index) => {
        const input = isBatch ? (given as Record<string, unknown> | undefined)?.[index] : given;
        const call = { path, input, method: init.method, headers: init.headers, requestNumber };
        calls.push(call);
        return answerOf(procedures[path], call);
      }),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    const status = statuses.size === 1 ? (answers[0]?.status ?? 500) : 207;
    const waits = answers.flatMap(({ retryAfter }) => (retryAfter === undefined ? [] : [retryAfter]));
    const headers = waits.length > 0 ? { 'retry-after': String(Math.max(...waits)) } : {};
    const bodies = answers.map(({ body }) => body);
    return Response.json(isBatch ? bodies : bodies[0], { status, headers });
  }

  return {
    calls,
    callsOf: (path: string) => calls.filter((call) => call.path === path),
    requestCount: () => requests,
    /** Replaces what stands between client and API. */
    useWire: (next: Wire) => {
      wire = next;
    },
    fetch: (url: string, init: FetchInit) => wire(url, init, () => serve(url, init)),
  };
}

export type FakeApi = ReturnType<typeof createFakeApi>;

async function answerOf(procedure: Procedure | undefined, call: SeenCall) {
  try {
    if (!procedure) throw new Refusal(404, 'request.not_found');
    const data = superjson.serialize(await procedure(call));
    return { status: 200, body: { result: { data } }, retryAfter: undefined };
  } catch (err) {
    if (!(err instanceof Refusal)) throw err;
    const { status, code, details, message } = err;
    const data = { code: 'X', httpStatus: status, path: call.path, errorCode: code, details, requestId: 'req-1' };
    const body = { error: superjson.serialize({ message, code: -32000, data }) };
    const wait = details.retryAfterSeconds;
    return { status, body, retryAfter: typeof wait === 'number' ? wait : undefined };
  }
}
