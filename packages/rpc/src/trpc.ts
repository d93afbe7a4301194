import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import type { Context } from './context.ts';
import { domainErrorOf } from './errors.ts';
import type { Meta } from './meta.ts';

/** Decoding superjson from strangers is a denial of service, so inputs are plain JSON. */
const plainJson = { serialize: (value: unknown) => value, deserialize: (value: unknown) => value };

export const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    transformer: { input: plainJson, output: superjson },
    isDev: false, // else stack traces are sent
    // Proxies cut what is silent for a minute.
    sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 40_000 } },
    errorFormatter({ shape, error, ctx }) {
      const failure = domainErrorOf(error);
      return {
        message: failure.message,
        code: shape.code,
        data: {
          code: shape.data.code,
          httpStatus: shape.data.httpStatus,
          path: shape.data.path,
          errorCode: failure.code,
          details: failure.details,
          requestId: ctx?.origin.requestId ?? null,
        },
      };
    },
  });
