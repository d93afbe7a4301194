import { BatchTooLarge, InternalError, MalformedRequest } from '@morket/contract/errors';
import {
  callTRPCProcedure,
  getErrorShape,
  getTRPCErrorFromUnknown,
  TRPCError,
  transformTRPCResponse,
} from '@trpc/server';
import { getHTTPStatusCode } from '@trpc/server/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { domainErrorOf, toTrpcError } from '../errors.ts';
import { type ProcedureInfo, procedures } from '../manifest.ts';
import { appRouter } from '../router.ts';
import { abortSignalOf } from './abort-signal.ts';
import { failureOf } from './failure.ts';
import { readJson } from './json-body.ts';
import { retryAfterOf } from './retry-after.ts';

const MAX_BATCH = 10;
const MULTI_STATUS = 207;

type Query = { readonly batch?: unknown; readonly input?: unknown };
type Answer = { readonly status: number; readonly body: unknown; readonly retryAfterSeconds: number | null };

/** The inputs of the calls of a request, by their place in it. */
function inputsOf(request: FastifyRequest, isBatch: boolean): (index: number) => unknown {
  const query = request.query as Query; // the shape is checked right here
  const given =
    request.method === 'POST' ? request.body : typeof query.input === 'string' ? readJson(query.input) : undefined;
  if (!isBatch) return () => given;
  if (given === undefined) return () => undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw MalformedRequest({ reason: 'the input of a batch is an object keyed by place' });
  }
  const byPlace = new Map(Object.entries(given));
  return (index) => byPlace.get(String(index));
}

const TYPES: ReadonlyMap<string, ProcedureInfo['type']> = new Map(procedures().map(({ path, type }) => [path, type]));

/** The caller would say that there is no such procedure; that it is called the wrong way helps more. */
function assertMethod(path: string, type: ProcedureInfo['type'], method: string): void {
  const declared = TYPES.get(path);
  if (declared === undefined || declared === type) return;
  const message = `Unsupported ${method}-request to ${declared} procedure at path "${path}"`;
  throw new TRPCError({ code: 'METHOD_NOT_SUPPORTED', message });
}

/**
 * Serves unary calls, alone and batched, over tRPC's own procedure caller: the same URLs and envelopes as its Fastify adapter, at a
 * fraction of its cost, and without its form-data handler, through which a foreign page could post a mutation.
 */
export function registerTrpc(
  app: FastifyInstance,
  options: { prefix: string; createContext(request: FastifyRequest): Context },
) {
  const { prefix, createContext } = options;
  const config = appRouter._def._config;

  function failure(err: unknown, ctx: Context, call: { path?: string; input?: unknown }): Answer {
    const error = getTRPCErrorFromUnknown(err);
    const shape = getErrorShape({ config, ctx, error, type: 'unknown', path: call.path, input: call.input });
    const envelope = { error: shape };
    const body = transformTRPCResponse(config, envelope);
    return { status: getHTTPStatusCode(envelope), body, retryAfterSeconds: retryAfterOf(domainErrorOf(error)) };
  }

  async function call(
    ctx: Context,
    request: FastifyRequest,
    one: { path: string; input: unknown; index: number; signal: AbortSignal },
  ) {
    const { path, input, index, signal } = one;
    // Fastify serves HEAD with the handler of GET, and it must be as harmless.
    const type = request.method === 'POST' ? 'mutation' : 'query';
    try {
      assertMethod(path, type, request.method);
      const data = await callTRPCProcedure({
        router: appRouter,
        path,
        getRawInput: async () => input,
        ctx,
        type,
        signal,
        batchIndex: index,
      });
      return { status: 200, body: transformTRPCResponse(config, { result: { data } }), retryAfterSeconds: null };
    } catch (err) {
      return failure(err, ctx, { path, input });
    }
  }

  async function answer(request: FastifyRequest, ctx: Context, signal: AbortSignal): Promise<Answer> {
    const { '*': names = '' } = request.params as { '*'?: string }; // the wildcard of this route
    const isBatch = (request.query as Query).batch === '1';
    const paths = isBatch ? names.split(',', MAX_BATCH + 1) : [names];
    // Counted before anything is parsed: one request must not carry hundreds of calls.
    if (paths.length > MAX_BATCH) throw BatchTooLarge({ maxCalls: MAX_BATCH });
    // One key for several effects would make the second a replay of the first.
    if (paths.length > 1 && request.method === 'POST' && ctx.idempotencyKey !== null) {
      throw MalformedRequest({ reason: 'an Idempotency-Key header belongs to one call, not to a batch' });
    }
    const inputOf = inputsOf(request, isBatch);
    const answers = await Promise.all(
      paths.map((path, index) => call(ctx, request, { path, input: inputOf(index), index, signal })),
    );
    const [first] = answers;
    if (!isBatch && first) return first;
    const statuses = new Set(answers.map(({ status }) => status));
    const [status = MULTI_STATUS] = statuses;
    const waits = answers.map(({ retryAfterSeconds }) => retryAfterSeconds ?? 0);
    return {
      status: statuses.size === 1 ? status : MULTI_STATUS,
      body: answers.map(({ body }) => body),
      retryAfterSeconds: Math.max(...waits) || null,
    };
  }

  function send(reply: FastifyReply, { status, body, retryAfterSeconds }: Answer) {
    if (retryAfterSeconds !== null) reply.header('retry-after', retryAfterSeconds);
    // RFC 9110 asks for a challenge with every 401.
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(status).header('cache-control', 'no-store').send(body);
  }

  async function handle(request: FastifyRequest, reply: FastifyReply) {
    const ctx = createContext(request);
    return send(reply, await answer(request, ctx, abortSignalOf(reply)));
  }

  app.register((scope, _options, done) => {
    // What fails around the calls: an unreadable body, a batch over its limit, a fault of ours.
    scope.setErrorHandler((err, request, reply) => {
      const cause = failureOf(err);
      if (InternalError.is(cause)) request.log.error({ err, path: request.url.split('?', 1)[0] }, 'unexpected failure');
      return send(reply, failure(toTrpcError(cause), createContext(request), {}));
    });
    scope.get(`${prefix}/*`, handle);
    scope.post(`${prefix}/*`, handle);
    done();
  });
}
