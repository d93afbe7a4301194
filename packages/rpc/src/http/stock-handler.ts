import { DomainError, InternalError } from '@morket/contract/errors';
import type { AnyTRPCRouter } from '@trpc/server';
import { fastifyRequestHandler } from '@trpc/server/adapters/fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { domainErrorOf } from '../errors.ts';
import type { ResponseMeta } from './answer.ts';
import { MAX_BATCH } from './inputs.ts';

type Options = {
  readonly router: AnyTRPCRouter;
  readonly createContext: (request: FastifyRequest) => Context;
  readonly responseMeta: ResponseMeta | undefined;
};

/** Hands a request to tRPC's own adapter, which writes the answers that come in pieces: streamed batches, and subscriptions. */
export function createStockHandler({ router, createContext, responseMeta }: Options) {
  return async (request: FastifyRequest, reply: FastifyReply, path: string): Promise<void> => {
    const vary = reply.getHeader('vary');
    await fastifyRequestHandler({
      router,
      req: request,
      res: reply,
      path,
      maxBatchSize: MAX_BATCH,
      createContext: () => createContext(request),
      responseMeta: (given) => {
        const { status, headers } = responseMeta?.(given) ?? {};
        const all = new Headers(headers as Headers | undefined); // tRPC's older form is not taken
        // Its Vary takes the place of the one that the hooks have set.
        if (vary !== undefined) all.append('vary', String(vary));
        return { ...(status === undefined ? {} : { status }), headers: all };
      },
      onError: ({ error, path: failed = path }) => {
        // What a procedure throws is logged there; what comes out of its stream later passes here alone.
        const isLogged = error.cause instanceof DomainError || !InternalError.is(domainErrorOf(error));
        if (!isLogged) request.log.error({ err: error.cause ?? error, path: failed }, 'unexpected failure');
      },
    });
  };
}
