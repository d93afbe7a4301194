import { describe, expect, test } from 'vitest';
import { type Seen, seenOf } from '../test/seen-answers.ts';
import { useTwoAdapters } from '../test/two-adapters.ts';

/** Requests as no official link writes them: our route answers as tRPC's adapter, but for the deviations that are named below. */
const { origins } = useTwoAdapters();

type Request = {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

async function answer(origin: string, { path, method = 'GET', headers = {}, body }: Request): Promise<Seen> {
  const given = await fetch(`${origin}/trpc/${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  return seenOf(method, given, await given.text());
}

const json = { 'content-type': 'application/json' };
const stream = { 'trpc-accept': 'application/jsonl' };
const query = (input: unknown) => `input=${encodeURIComponent(JSON.stringify(input))}`;
const many = (count: number) => Array.from({ length: count }, () => 'pong').join(',');

const ALIKE: Readonly<Record<string, Request>> = {
  'no query string': { path: 'pong' },
  'unknown parameters': { path: 'pong?x=1&y' },
  'an empty input': { path: 'pong?input=' },
  'an input nobody reads': { path: `pong?${query({ a: 1 })}` },
  'input parameter of the other method': {
    path: `write?${query({ text: 'lost' })}`,
    method: 'POST',
    headers: json,
    body: '{"text":"kept"}',
  },
  'a name with encoded letters': { path: '%70ong' },
  'an encoded comma in a batch': { path: 'pong%2Cnul?batch=1' },
  'commas without batch=1': { path: 'pong,nul' },
  'batch=true': { path: 'pong?batch=true' },
  'a batch of one': { path: 'pong?batch=1' },
  'a batch of ten': { path: `${many(10)}?batch=1` },
  'a batch with an empty name': { path: 'pong,,nul?batch=1' },
  'a batch with inputs for none': { path: `pong?batch=1&${query({ 7: 1, x: 2 })}` },
  'a batch of mutations': { path: 'touch,write?batch=1', method: 'POST', headers: json, body: '{"1":{"text":"x"}}' },
  'a batch of mutations with an empty object': {
    path: 'touch,touch?batch=1',
    method: 'POST',
    headers: json,
    body: '{}',
  },
  'a POST with a charset': {
    path: 'write',
    method: 'POST',
    headers: { 'content-type': 'Application/JSON; charset=utf-8' },
    body: '{"text":"ü"}',
  },
  'a POST with null': { path: 'any', method: 'POST', headers: json, body: 'null' },
  'a GET with a media type': { path: 'pong', headers: json },
  'an unknown stream': { path: 'pong?batch=1', headers: { 'trpc-accept': 'text/plain' } },
  'a stream of nothing known': { path: 'no.such,pong?batch=1', headers: stream },
  'a stream in which one fails': { path: 'fault,told?batch=1', headers: { accept: 'text/html, application/jsonl' } },
  'a stream of what comes in pieces': {
    path: 'pieces,promised?batch=1',
    headers: stream,
  },
  'pieces in a batch that is not streamed': { path: 'pieces,promised,pong?batch=1' },
};

test.each(Object.entries(ALIKE))('alike: %s', async (_, request) => {
  const [ours, theirs] = [await answer(origins.ours, request), await answer(origins.stock, request)];
  expect(ours).toEqual(theirs);
});

type Deviation = {
  readonly request: Request;
  readonly why: string;
  readonly ours: Partial<Seen>;
  readonly stock: Partial<Seen>;
};

const refused = (reason: unknown) => ({
  error: { json: expect.objectContaining({ message: expect.stringContaining(String(reason)) }) },
});
const done = (data: unknown) => ({ result: { data: expect.objectContaining({ json: data }) } });

const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  'an empty body': {
    why: 'A mutation whose input may be missing can be called without one, as a query can.',
    request: { path: 'any', method: 'POST', headers: json },
    ours: { status: 200, body: done({ given: null }) },
    stock: { status: 400, body: expect.anything() },
  },
  'input that is no JSON': {
    why: 'The request is refused as a whole before anything runs, also by procedures that read no input.',
    request: { path: 'pong?input=%7B' },
    ours: { status: 400, body: refused('not valid JSON') },
    stock: { status: 200, body: done('pong') },
  },
  'an input given twice': {
    why: 'Checked would be one, and called perhaps the other; the adapter takes the first.',
    request: { path: `asked?${query(1)}&${query(2)}` },
    ours: { status: 400, body: refused('the parameter input is given more than once') },
    stock: { status: 200, body: done({ given: 1 }) },
  },
  'batch given twice': {
    why: 'As above.',
    request: { path: 'pong,pong?batch=1&batch=2' },
    ours: { status: 400, body: refused('the parameter batch is given more than once') },
    stock: { status: 200, body: [done('pong'), done('pong')] },
  },
  'a body that is no JSON': {
    why: 'As above; and the parser’s own words, which quote the body, are not sent back.',
    request: { path: 'write', method: 'POST', headers: json, body: '{"text":"secret' },
    ours: { status: 400, body: refused('not valid JSON') },
    stock: { status: 400, body: refused('JSON at position') },
  },
  'inputs of a batch that are a list': {
    why: 'The request is refused as a whole before anything runs; the adapter refuses each call that reads its input.',
    request: { path: 'asked,asked?batch=1&input=%5B1,2%5D' },
    ours: { status: 400, body: refused('keyed by place') },
    stock: { status: 400, body: [refused('needs to be an object'), refused('needs to be an object')] },
  },
  'eleven calls': {
    why: 'The same status, in the words of our catalogue, with the limit in its details.',
    request: { path: `${many(11)}?batch=1` },
    ours: { status: 400, body: refused('at most 10 calls') },
    stock: { status: 400, body: refused('exceeds maximum size') },
  },
  'queries and mutations in one batch': {
    why: 'Each call stands for itself: what is called the wrong way fails alone.',
    request: { path: 'pong,touch?batch=1' },
    ours: { status: 207, body: [done('pong'), refused('Unsupported GET-request')] },
    stock: { status: 400, body: refused('Cannot mix procedure types') },
  },
  'a form': {
    why: 'A form needs no preflight, so that a foreign page could post one.',
    request: {
      path: 'touch',
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x--\r\n',
    },
    ours: { status: 415, body: refused('Only application/json') },
    stock: { status: 200, body: expect.anything() },
  },
  'a text': {
    why: 'The same status, in the words of our catalogue.',
    request: { path: 'touch', method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' },
    ours: { status: 415, body: refused('Only application/json') },
    stock: { status: 415, body: refused('Unsupported content-type') },
  },
  'a method of no procedure': {
    why: 'Refused before the body is read; the answer names the right method, also in Allow.',
    request: { path: 'pong', method: 'PUT', headers: json, body: '{}' },
    ours: { status: 405, body: refused('takes GET') },
    stock: { status: 405, body: refused('Unsupported PUT-request') },
  },
  HEAD: {
    why: 'HEAD is GET without the body, as RFC 9110 has it.',
    request: { path: 'pong', method: 'HEAD' },
    ours: { status: 200, body: null },
    stock: { status: 204, body: null },
  },
  'a name with a slash': {
    why: 'Everything below the prefix is ours to answer; the adapter leaves it to the server’s own 404.',
    request: { path: 'no/such' },
    ours: { status: 404, body: refused('No procedure found') },
    stock: { status: 404, body: expect.objectContaining({ error: 'Not Found' }) },
  },
  'no name': {
    why: 'As above.',
    request: { path: '?batch=1' },
    ours: { status: 404, body: [refused('No procedure found')] },
    stock: { status: 404 },
  },
  'a stream of one call that is no batch': {
    why: 'The same status, in the words of our catalogue.',
    request: { path: 'pong', headers: stream },
    ours: { status: 400, body: refused('only the answers to a batch can be streamed') },
    stock: { status: 400, body: refused('must be batched') },
  },
  'queries and mutations in one streamed batch': {
    why: 'The same status, in the words of our catalogue.',
    request: { path: 'pong,touch?batch=1', headers: stream },
    ours: { status: 400, body: refused('calls of one type') },
    stock: { status: 400, body: refused('Cannot mix procedure types') },
  },
  'a streamed batch without a body': {
    why: 'A mutation whose input may be missing can be called without one, as a query can.',
    request: { path: 'any?batch=1', method: 'POST', headers: { ...json, ...stream } },
    ours: { status: 200, body: expect.not.arrayContaining([expect.stringContaining('BAD_REQUEST')]) },
    stock: { status: 200, body: expect.arrayContaining([expect.stringContaining('BAD_REQUEST')]) },
  },
  'connection parameters that are none': {
    why: 'The same status, in the words of our catalogue.',
    request: { path: 'pong?batch=1&connectionParams=%5B1', headers: stream },
    ours: { status: 400, body: refused('not valid JSON') },
    stock: { status: 400, body: refused('Not JSON-parsable') },
  },
  'pieces where none can be sent': {
    why: 'The same refusal; it also names the procedure.',
    request: { path: 'pieces' },
    ours: { status: 415, body: refused('Cannot use stream-like response') },
    stock: { status: 415, body: refused('Cannot use stream-like response') },
  },
  'an output that cannot be written': {
    why: 'It fails alone, not with the whole batch.',
    request: { path: 'pong,unwritable?batch=1' },
    ours: { status: 207, body: [done('pong'), refused('prototype pollution')] },
    stock: { status: 500, body: refused('prototype pollution') },
  },
};

describe('a deviation that is meant', () => {
  test.each(Object.entries(DEVIATIONS))('%s', async (_, { request, why, ours, stock }) => {
    expect(await answer(origins.ours, request), why).toMatchObject(ours);
    expect(await answer(origins.stock, request), 'the adapter still does what we deviate from').toMatchObject(stock);
  });
});

test('alike but for the words: a POST without a media type is refused with 415, so that no foreign page makes one', async () => {
  for (const headers of [{}, stream]) {
    const request = { path: 'any?batch=1', method: 'POST', headers };
    const [ours, theirs] = [await answer(origins.ours, request), await answer(origins.stock, request)];
    expect(ours).toMatchObject({ status: 415, body: refused('Only application/json') });
    expect(theirs).toMatchObject({ status: 415, body: refused('Missing content-type') });
  }
});

test.each([
  ['pong', 'POST', 'GET'],
  ['touch', 'GET', 'POST'],
  ['count', 'POST', 'GET'],
  ['pong', 'DELETE', 'GET'],
  ['no.such', 'DELETE', 'GET, POST'],
])('Allow: %s by %s', async (path, method, allow) => {
  const body = method === 'POST' ? { body: '{}', headers: json } : {};
  const { status, headers } = await fetch(`${origins.ours}/trpc/${path}`, { method, ...body });
  expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow });
});
