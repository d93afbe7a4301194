/** Fastify and the schemas, as one would write it by hand. */
import { fastify } from 'fastify';
import { GreetInput, Greeting, greet, keepNote, Note, NoteInput, ROWS, Rows } from '../greeting.ts';
import { serve } from './listen.ts';

const app = fastify();
app.addHook('onRequest', (_request, reply, done) => {
  reply.header('cache-control', 'no-store');
  done();
});
app.get('/greet', async (request) => Greeting.parse(greet(GreetInput.parse(request.query))));
app.post('/notes', async (request) => Note.parse(keepNote(NoteInput.parse(request.body))));
app.get('/rows', async () => Rows.parse(ROWS));

await app.listen({ port: 0, host: '127.0.0.1' });
serve(app.server);
