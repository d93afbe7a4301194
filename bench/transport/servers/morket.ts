/** Morket's tRPC route and its JSON parser, on the router that the stock adapter serves. */
import { readJsonBytes, registerTrpc } from '@morket/rpc/http';
import { fastify } from 'fastify';
import { greetingRouter } from '../greeting-router.ts';
import { createContext } from './context.ts';
import { serve } from './listen.ts';

const app = fastify({ routerOptions: { maxParamLength: 1_000 } });
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
  readJsonBytes(body),
);
registerTrpc(app, { prefix: '/trpc', router: greetingRouter, createContext });
await app.listen({ port: 0, host: '127.0.0.1' });
serve(app.server);
