/** The physical limit: Node's HTTP server, the schemas, and nothing between them. */
import { createServer } from 'node:http';
import { parse } from 'node:querystring';
import { GreetInput, Greeting, greet, keepNote, Note, NoteInput, ROWS, Rows } from '../greeting.ts';
import { listen } from './listen.ts';

listen(
  createServer((request, response) => {
    const send = (value: unknown) => {
      const body = JSON.stringify(value);
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'cache-control': 'no-store',
          'content-length': Buffer.byteLength(body),
        })
        .end(body);
    };
    const { url = '' } = request;
    if (request.method === 'GET' && url.startsWith('/greet?')) {
      send(Greeting.parse(greet(GreetInput.parse(parse(url.slice('/greet?'.length))))));
    } else if (request.method === 'POST' && url === '/notes') {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () =>
        send(Note.parse(keepNote(NoteInput.parse(JSON.parse(Buffer.concat(pieces).toString()))))),
      );
    } else if (request.method === 'GET' && url === '/rows') {
      send(Rows.parse(ROWS));
    } else {
      response.writeHead(404).end();
    }
  }),
);
