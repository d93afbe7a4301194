import type { Context } from '@morket/rpc';
import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import { GreetInput, Greeting, greet, keepNote, Note, NoteInput, ROWS, Rows } from './greeting.ts';

const plainJson = { serialize: (value: unknown) => value, deserialize: (value: unknown) => value };

/** Set up as the product's own router is: plain JSON in, superjson out. */
const t = initTRPC.context<Context>().create({ transformer: { input: plainJson, output: superjson }, isDev: false });

export const greetingRouter = t.router({
  greet: t.procedure
    .input(GreetInput)
    .output(Greeting)
    .query(({ input }) => greet(input)),
  keepNote: t.procedure
    .input(NoteInput)
    .output(Note)
    .mutation(({ input }) => keepNote(input)),
  rows: t.procedure.output(Rows).query(() => ROWS),
});
