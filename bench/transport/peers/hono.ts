/** Hono with its zod validator, on its Node server. */
import type { Server } from 'node:http';
import { serve as serveHono } from '@hono/node-server';
import { zValidator } from '@hono/zod-validator';
import { Hono } from 'hono';
import { GreetInput, Greeting, greet, keepNote, Note, NoteInput, ROWS, Rows } from '../greeting.ts';
import { serve } from '../servers/listen.ts';

const NO_STORE = { 'cache-control': 'no-store' };

const app = new Hono();
app.get('/greet', zValidator('query', GreetInput), (c) =>
  c.json(Greeting.parse(greet(c.req.valid('query'))), 200, NO_STORE),
);
app.post('/notes', zValidator('json', NoteInput), (c) =>
  c.json(Note.parse(keepNote(c.req.valid('json'))), 200, NO_STORE),
);
app.get('/rows', (c) => c.json(Rows.parse(ROWS), 200, NO_STORE));

// Without options of another protocol it is Node's HTTP/1.1 server.
const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => serve(server)) as Server;
