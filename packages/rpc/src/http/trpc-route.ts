import { InternalError, MalformedRequest, MethodNotAllowed } from '@morket/contract/errors';
import type { AnyTRPCRouter } from '@trpc/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { toTrpcError } from '../errors.ts';
import { abortSignalOf } from './abort-signal.ts';
import { assertForAdapter } from './adapter-request.ts';
import { createSend, type ResponseMeta } from './answer.ts';
import { type CallAnswer, createCaller, methodsOf } from './call-procedure.ts';
import { failureOf } from './failure.ts';
import { nameOf, type RpcRequest, readCalls, wantsStream } from './inputs.ts';
import type { Settled } from './settle.ts';
import { createStockHandler } from './stock-handler.ts';

/** The longest that a timer runs: a subscription has no end of its own. */
const NEVER_MS = 2 ** 31 - 1;

export type TrpcOptions = {
  readonly router: AnyTRPCRouter;
  readonly prefix: `/${string}`;
  readonly createContext: (request: FastifyRequest) => Context;
  /** Status and headers of an answer, from what the calls have given. */
  readonly responseMeta?: ResponseMeta;
};

const areReady = (answers: readonly Settled<CallAnswer>[]): answers is readonly CallAnswer[] =>
  !answers.some((answer) => answer instanceof Promise);

/**
 * Serves the procedures of a router under the URLs and in the envelopes of tRPC's Fastify adapter, at a fraction of its cost, and
 * without its form-data handler, through which a foreign page could post a mutation. What is answered in pieces goes to the adapter:
 * subscriptions, and batches of the stream link.
 */
export function registerTrpc(app: FastifyInstance, options: TrpcOptions): void {
  const { router, prefix, createContext, responseMeta } = options;
  const caller = createCaller(router);
  const send = createSend({ responseMeta, typeOf: caller.typeOf });
  const handOver = createStockHandler({ router, createContext, responseMeta });

  async function stream(request: FastifyRequest, reply: FastifyReply, { paths, isBatch }: RpcRequest) {
    if (!isBatch) throw MalformedRequest({ reason: 'only the answers to a batch can be streamed' });
    assertForAdapter(request);
    const types = new Set(paths.flatMap((path) => caller.typeOf(path) ?? []));
    if (types.size > 1) throw MalformedRequest({ reason: 'a streamed batch holds calls of one type' });
    // Here a body may be missing.
    if (request.method === 'POST') request.body ??= {};
    await handOver(request, reply, { paths, isStream: true });
    return reply;
  }

  /** Not an async function: an answer that nobody had to wait for is sent before this returns. */
  function handle(request: FastifyRequest, reply: FastifyReply): undefined | Promise<FastifyReply> {
    const ctx = createContext(request);
    const { method } = request;
    const asked = readCalls(request, ctx);
    if (wantsStream(request)) return stream(request, reply, asked);
    const { paths, isBatch, inputOf } = asked;
    const signal = abortSignalOf(reply);
    const answers = paths.map((path, index) => caller.run(ctx, { path, input: inputOf(index), index, method, signal }));
    if (areReady(answers)) {
      send(reply, { ctx, paths, isBatch }, answers);
      return undefined;
    }
    return Promise.all(answers).then((ready) => send(reply, { ctx, paths, isBatch }, ready));
  }

  async function subscribe(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
    if (readCalls(request, createContext(request)).isBatch) {
      throw MalformedRequest({ reason: 'a subscription is called alone' });
    }
    assertForAdapter(request);
    await handOver(request, reply, { paths: [path], isStream: false });
    return reply;
  }

  const refuseMethod = async (request: FastifyRequest) => {
    throw MethodNotAllowed({ allowed: [...methodsOf(caller.typeOf(nameOf(request)))] });
  };

  app.register((scope, _options, done) => {
    // What fails around the calls: an unreadable body, a batch over its limit, a fault of ours.
    scope.setErrorHandler((err, request, reply) => {
      const cause = failureOf(err);
      if (InternalError.is(cause)) request.log.error({ err, path: request.url.split('?', 1)[0] }, 'unexpected failure');
      const ctx = createContext(request);
      return send(reply, { ctx, paths: [], isBatch: false }, [caller.refuse(toTrpcError(cause), ctx)]);
    });
    scope.get(`${prefix}/*`, handle);
    scope.post(`${prefix}/*`, handle);
    for (const path of caller.subscriptions) {
      scope.get(`${prefix}/${path}`, { handlerTimeout: NEVER_MS }, (request, reply) => subscribe(request, reply, path));
    }
    const others = scope.supportedMethods.filter((method) => !['GET', 'HEAD', 'POST', 'OPTIONS'].includes(method));
    scope.route({ method: others, url: `${prefix}/*`, onRequest: refuseMethod, handler: refuseMethod });
    done();
  });
}
