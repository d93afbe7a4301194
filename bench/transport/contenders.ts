import type { HttpRequest } from '../load/http-request.ts';
import { ROWS } from './greeting.ts';

/** The loads that every contender bears. */
export type LoadName = 'query' | 'mutation' | 'rows';

export type Contender = {
  readonly name: string;
  readonly file: URL;
  readonly requests: Readonly<Record<LoadName, HttpRequest>>;
  /** The value inside its envelope. */
  unwrap(answer: unknown): unknown;
};

const GREETING = { name: 'Ada Lovelace', city: 'London' };
/** About 100 bytes as JSON. */
const NOTE = { title: 'Call Ada', text: 'About the analytical engine', tags: ['sales', 'q3'], priority: 2 };

export const EXPECTED: Readonly<Record<LoadName, unknown>> = {
  query: { text: 'Hello Ada Lovelace of London', length: 28 },
  mutation: { id: 'note-1', title: 'Call Ada', priority: 2 },
  rows: JSON.parse(JSON.stringify(ROWS)),
};

const encoded = (value: unknown): string => encodeURIComponent(JSON.stringify(value));
const query = new URLSearchParams(GREETING).toString();

const REST: Contender['requests'] = {
  query: { method: 'GET', path: `/greet?${query}` },
  mutation: { method: 'POST', path: '/notes', body: JSON.stringify(NOTE) },
  rows: { method: 'GET', path: '/rows' },
};
const TRPC: Contender['requests'] = {
  query: { method: 'GET', path: `/trpc/greet?input=${encoded(GREETING)}` },
  mutation: { method: 'POST', path: '/trpc/keepNote', body: JSON.stringify(NOTE) },
  rows: { method: 'GET', path: '/trpc/rows' },
};
const ORPC: Contender['requests'] = {
  query: { method: 'GET', path: `/rpc/greet?data=${encoded({ json: GREETING })}` },
  mutation: { method: 'POST', path: '/rpc/keepNote', body: JSON.stringify({ json: NOTE }) },
  rows: { method: 'GET', path: '/rpc/rows' },
};

const bare = (answer: unknown) => answer;
// Envelopes are checked by comparing what is inside them; of another shape they yield undefined or throw.
const fromTrpc = (answer: unknown) => (answer as { result: { data: { json: unknown } } }).result.data.json;
const fromOrpc = (answer: unknown) => (answer as { json: unknown }).json;

const server = (name: string) => new URL(`./servers/${name}.ts`, import.meta.url);
const peer = (name: string) => new URL(`./peers/${name}.ts`, import.meta.url);

export const MORKET = 'Morket';
export const STOCK = 'stock tRPC adapter on Fastify';
export const FASTIFY = 'bare Fastify + zod';
export const ORPC_NAME = 'oRPC';

export const CONTENDERS: readonly Contender[] = [
  { name: MORKET, file: server('morket'), requests: TRPC, unwrap: fromTrpc },
  { name: STOCK, file: server('stock-trpc'), requests: TRPC, unwrap: fromTrpc },
  { name: ORPC_NAME, file: peer('orpc'), requests: ORPC, unwrap: fromOrpc },
  { name: 'Hono + zod', file: peer('hono'), requests: REST, unwrap: bare },
  { name: 'NestJS on Fastify', file: peer('nest'), requests: REST, unwrap: bare },
  { name: FASTIFY, file: server('fastify'), requests: REST, unwrap: bare },
  { name: 'node:http + zod', file: server('node-http'), requests: REST, unwrap: bare },
];

const BATCH = 10;

/** Ten calls in one request, as tRPC's batch link sends them. */
export const BATCH_OF_TEN: HttpRequest = {
  method: 'GET',
  path: `/trpc/${Array.from({ length: BATCH }, () => 'greet').join(',')}?batch=1&input=${encoded(
    Object.fromEntries(Array.from({ length: BATCH }, (_, index) => [index, GREETING])),
  )}`,
};
export const CALLS_OF_BATCH = BATCH;
