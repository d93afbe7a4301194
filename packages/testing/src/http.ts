import type { InjectOptions } from 'fastify';
import { readBeginning } from './stream-answer.ts';
import type { World } from './world.ts';

/** The two ways to the same procedures. */
export const TRANSPORTS = ['trpc', 'rest'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A procedure as the manifest of the router describes it. */
export type Callable = {
  readonly path: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly rest: { readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; readonly path: string } | null;
};

/** An answer of either transport. */
export type Answer = {
  readonly status: number;
  /** Of the failure; null for a success. */
  readonly code: string | null;
  /** What the procedure gave, dates as text; null for a failure. */
  readonly data: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The body as it was sent. */
  readonly text: string;
};

export type CallOptions = {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address of the caller's end of the connection. */
  readonly remoteAddress?: string;
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const fieldOf = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce((at, name) => (isFields(at) ? at[name] : undefined), value);

function trpcRequest({ path, type }: Callable, input: Fields): InjectOptions {
  if (type !== 'mutation') return { method: 'GET', url: `/trpc/${path}`, query: { input: JSON.stringify(input) } };
  return { method: 'POST', url: `/trpc/${path}`, payload: input };
}

/** Fields in braces go into the path, those of GET and DELETE into the query string, the others into the body. */
function restRequest({ path, rest }: Callable, input: Fields): InjectOptions {
  if (!rest) throw new Error(`${path} has no place on the REST surface.`);
  const left = new Map(Object.entries(input));
  const url = rest.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = left.get(name);
    left.delete(name);
    return encodeURIComponent(String(value));
  });
  const fields = Object.fromEntries(left);
  if (rest.method === 'GET' || rest.method === 'DELETE') {
    const query = Object.fromEntries([...left].map(([name, value]) => [name, String(value)]));
    return { method: rest.method, url: `/api/v1${url}`, query };
  }
  return { method: rest.method, url: `/api/v1${url}`, payload: fields };
}

/** Sends any request to the world's process, without a socket. */
export async function send(world: World, request: InjectOptions, options: CallOptions = {}): Promise<Answer> {
  const { token, headers = {}, remoteAddress } = options;
  const response = await world.app.inject({
    ...request,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
      ...request.headers,
    },
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  });
  const isJson = String(response.headers['content-type'] ?? '').startsWith('application/json');
  const body: unknown = isJson && response.payload !== '' ? JSON.parse(response.payload) : null;
  const code = fieldOf(body, 'error', 'json', 'data', 'errorCode') ?? fieldOf(body, 'error', 'code');
  return {
    status: response.statusCode,
    code: typeof code === 'string' ? code : null,
    data: fieldOf(body, 'result', 'data', 'json') ?? fieldOf(body, 'data') ?? null,
    headers: response.headers,
    text: response.payload,
  };
}

/** Begins a subscription as `send` does, and hangs up after its first message, which stands for its answer. */
async function subscribe(world: World, request: InjectOptions, options: CallOptions): Promise<Answer> {
  const { token, headers = {}, remoteAddress } = options;
  const hangUp = new AbortController();
  const response = await world.app.inject({
    ...request,
    payloadAsStream: true,
    signal: hangUp.signal,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  });
  const stream = response.stream().on('error', () => undefined); // hung up
  const { text, message, failure } = await readBeginning(stream);
  hangUp.abort();
  const code = fieldOf(failure, 'data', 'errorCode');
  const status = fieldOf(failure, 'data', 'httpStatus');
  return {
    status: typeof status === 'number' ? status : response.statusCode,
    code: typeof code === 'string' ? code : null,
    data: message,
    headers: response.headers,
    text,
  };
}

/** Calls a procedure over either transport; REST needs every field that stands in its path. */
export function call(
  world: World,
  transport: Transport,
  procedure: Callable,
  input: Fields = {},
  options: CallOptions = {},
): Promise<Answer> {
  if (procedure.type === 'subscription') return subscribe(world, trpcRequest(procedure, input), options);
  return send(world, transport === 'trpc' ? trpcRequest(procedure, input) : restRequest(procedure, input), options);
}
