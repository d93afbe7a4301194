import { EventEmitter } from 'node:events';
import type { Services } from '@morket/rpc';
import { createContextFactory, limitHandlers, readJsonBytes, registerTrpc, type TrpcOptions } from '@morket/rpc/http';
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify';
import { afterAll, beforeAll } from 'vitest';
import { logRequests } from '../src/request-log.ts';
import { createWireRouter, type Waiting } from './wire-router.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/** One router behind both adapters; the members may be read from `beforeAll` on. */
export type TwoAdapters = {
  readonly origins: { readonly ours: string; readonly stock: string };
  readonly waiting: Waiting;
  /** What our side logged since the last call. */
  takeLogs(): LogLine[];
};

type Options = Pick<TrpcOptions, 'responseMeta'> & { readonly handlerTimeout?: number };

/** Serves the wire router by our route and by tRPC's adapter, each on a port of its own. */
export function useTwoAdapters({ responseMeta, handlerTimeout = 30_000 }: Options = {}): TwoAdapters {
  const lines: LogLine[] = [];
  const waiting: Waiting = new EventEmitter();
  const router = createWireRouter(waiting);
  const createContext = createContextFactory({ services: {} as Services }); // the wire router calls none
  const meta = responseMeta ? { responseMeta } : {};
  const origins = { ours: '', stock: '' };

  const ours = fastify({
    logger: { level: 'info', stream: { write: (line) => void lines.push(JSON.parse(line)) } },
    logController: new LogController({ disableRequestLogging: true }),
    handlerTimeout,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 5_000 },
  });
  ours.removeAllContentTypeParsers();
  ours.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    readJsonBytes(body),
  );
  logRequests(ours);
  limitHandlers(ours);
  registerTrpc(ours, { router, prefix: '/trpc', createContext, ...meta });

  const stock: FastifyInstance = fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 5_000 } });
  stock.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    trpcOptions: {
      router,
      createContext: ({ req }: { req: FastifyRequest }) => createContext(req),
      maxBatchSize: 10,
      ...meta,
    },
  });

  beforeAll(async () => {
    origins.ours = await ours.listen({ port: 0, host: '127.0.0.1' });
    origins.stock = await stock.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(async () => {
    await Promise.all([ours.close(), stock.close()]);
  });
  return { origins, waiting, takeLogs: () => lines.splice(0) };
}
