/** oRPC's RPC handler on node:http, its fastest home. */
import { createServer } from 'node:http';
import { os } from '@orpc/server';
import { RPCHandler } from '@orpc/server/node';
import { GreetInput, Greeting, greet, keepNote, Note, NoteInput, ROWS, Rows } from '../greeting.ts';
import { listen } from '../servers/listen.ts';

const router = {
  greet: os
    .route({ method: 'GET' })
    .input(GreetInput)
    .output(Greeting)
    .handler(({ input }) => greet(input)),
  keepNote: os
    .input(NoteInput)
    .output(Note)
    .handler(({ input }) => keepNote(input)),
  rows: os
    .route({ method: 'GET' })
    .output(Rows)
    .handler(() => ROWS),
};
const handler = new RPCHandler(router, {
  // Of its ways to set a header the cheapest.
  rootInterceptors: [
    async ({ next }) => {
      const result = await next();
      if (result.matched) result.response.headers['cache-control'] = 'no-store';
      return result;
    },
  ],
});

listen(
  createServer(async (request, response) => {
    const { matched } = await handler.handle(request, response, { prefix: '/rpc' });
    if (!matched) response.writeHead(404).end();
  }),
);
