/** tRPC's own Fastify adapter, with the router that Morket's route serves. */
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { fastify } from 'fastify';
import { greetingRouter } from '../greeting-router.ts';
import { createContext } from './context.ts';
import { serve } from './listen.ts';

const trpcOptions: FastifyTRPCPluginOptions<typeof greetingRouter>['trpcOptions'] = {
  router: greetingRouter,
  createContext: ({ req }) => createContext(req),
};

// Its documentation raises this limit: a batch names its procedures in the path.
const app = fastify({ routerOptions: { maxParamLength: 5_000 } });
app.addHook('onRequest', (_request, reply, done) => {
  reply.header('cache-control', 'no-store');
  done();
});
await app.register(fastifyTRPCPlugin, { prefix: '/trpc', trpcOptions });
await app.listen({ port: 0, host: '127.0.0.1' });
serve(app.server);
