import { DomainError, InternalError } from '@morket/contract/errors';
import { type AnyTRPCRouter, getErrorShape, getTRPCErrorFromUnknown } from '@trpc/server';
import { fastifyRequestHandler } from '@trpc/server/adapters/fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { domainErrorOf } from '../errors.ts';
import type { ResponseMeta } from './answer.ts';
import { MAX_BATCH } from './inputs.ts';
import { routerForStream } from './streamed-answers.ts';

type Options = {
  readonly router: AnyTRPCRouter;
  readonly createContext: (request: FastifyRequest) => Context;
  readonly responseMeta: ResponseMeta | undefined;
};

/** A caller who has gone away ends what runs for them; that is no fault. */
const isAbandoned = (cause: unknown, { raw }: FastifyReply): boolean =>
  raw.destroyed && !raw.writableFinished && cause instanceof Error && cause.name === 'AbortError';

/**
 * Hands a request to tRPC's own adapter, which writes the answers that come in pieces: to `paths` one by one, or to one subscription
 * when `isStream` is false.
 */
export function createStockHandler({ router, createContext, responseMeta }: Options) {
  const config = router._def._config;

  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    { paths, isStream }: { readonly paths: readonly string[]; readonly isStream: boolean },
  ): Promise<void> => {
    const vary = reply.getHeader('vary');
    const whole = paths.join(',');

    /** What an answer that cannot be written becomes. */
    function unwritten(err: unknown, index: number): unknown {
      const path = paths[index];
      request.log.error({ err, path: path ?? whole }, 'unexpected failure');
      const error = getTRPCErrorFromUnknown(err);
      return getErrorShape({ config, ctx: createContext(request), error, type: 'unknown', path, input: undefined });
    }

    await fastifyRequestHandler({
      router: isStream ? routerForStream(router, unwritten) : router,
      req: request,
      res: reply,
      // It decodes the path once more.
      path: encodeURIComponent(whole),
      maxBatchSize: MAX_BATCH,
      createContext: () => createContext(request),
      responseMeta: (given) => {
        const { status, headers } = responseMeta?.(given) ?? {};
        const all = new Headers(headers as Headers | undefined); // tRPC's older form is not taken
        // Its Vary takes the place of the one that the hooks have set.
        if (vary !== undefined) all.append('vary', String(vary));
        // Streams of events say so by themselves.
        if (isStream && !all.has('cache-control')) all.set('cache-control', 'no-store');
        return { ...(status === undefined ? {} : { status }), headers: all };
      },
      onError: ({ error, path: failed = whole }) => {
        // What a procedure throws is logged there; what comes out of its stream later passes here alone.
        const isLogged = error.cause instanceof DomainError || !InternalError.is(domainErrorOf(error));
        if (isLogged || isAbandoned(error.cause, reply)) return;
        request.log.error({ err: error.cause ?? error, path: failed }, 'unexpected failure');
      },
    });
  };
}
