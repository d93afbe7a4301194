/** Hono with its zod validator, on its Node server. */
import type { Server } from 'node:http';
import { serve as serveHono } from '@hono/node-server';
import { zValidator } from '@hono/zod-validator';
import { Hono } from 'hono';
import { GreetInput, Greeting, greet, keepNote, Note, NoteInput, ROWS, Rows } from '../greeting.ts';
import { serve } from '../servers/listen.ts';

const app = new Hono();
app.get('/greet', zValidator('query', GreetInput), (c) => c.json(Greeting.parse(greet(c.req.valid('query')))));
app.post('/notes', zValidator('json', NoteInput), (c) => c.json(Note.parse(keepNote(c.req.valid('json')))));
app.get('/rows', (c) => c.json(Rows.parse(ROWS)));

// Without options of another protocol it is Node's HTTP/1.1 server.
const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => serve(server)) as Server;
