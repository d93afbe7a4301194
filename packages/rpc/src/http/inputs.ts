import { BatchTooLarge, MalformedRequest, UnsupportedMediaType } from '@morket/contract/errors';
import type { FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { readJson } from './json-body.ts';

/** The calls that one request may carry. */
export const MAX_BATCH = 10;

export type RpcRequest = {
  readonly paths: readonly string[];
  readonly isBatch: boolean;
  /** The input of the call at this place. */
  readonly inputOf: (index: number) => unknown;
};

/** What stands in the path after the prefix: the name of a procedure, or those of a batch. */
export function nameOf(request: FastifyRequest): string {
  const { '*': name = '' } = request.params as { '*'?: string }; // the wildcard of the route
  return name;
}

type Query = { readonly batch?: unknown; readonly input?: unknown };

/** Given twice, a parameter is a list, of which others read the first: what was checked would not be what is called. */
function assertGivenOnce({ batch, input }: Query): void {
  for (const [name, given] of Object.entries({ batch, input })) {
    if (Array.isArray(given)) throw MalformedRequest({ reason: `the parameter ${name} is given more than once` });
  }
}

function readInputs(request: FastifyRequest, isBatch: boolean): RpcRequest['inputOf'] {
  // With a body Fastify refuses it; without one, a page could post a call that needs no input, unasked.
  if (request.method === 'POST' && request.headers['content-type'] === undefined) throw UnsupportedMediaType({});
  const query = request.query as Query; // the shape is checked right here
  const given =
    request.method === 'POST'
      ? request.body
      : typeof query.input === 'string' && query.input !== ''
        ? readJson(query.input)
        : undefined;
  if (!isBatch) return () => given;
  if (given === undefined) return () => undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw MalformedRequest({ reason: 'the input of a batch is an object keyed by place' });
  }
  const byPlace = new Map(Object.entries(given));
  return (index) => byPlace.get(String(index));
}

/**
 * What a request calls, and with what. Throws `request.batch_too_large`, and `request.malformed` for input that cannot be read and for
 * a batch of mutations under one idempotency key.
 */
export function readCalls(request: FastifyRequest, ctx: Context): RpcRequest {
  const names = nameOf(request);
  const query = request.query as Query; // the shape is checked right here
  if (typeof query.batch === 'object' || typeof query.input === 'object') assertGivenOnce(query);
  const isBatch = query.batch === '1';
  const paths = isBatch ? names.split(',', MAX_BATCH + 1) : [names];
  // Counted before anything is parsed: one request must not carry hundreds of calls.
  if (paths.length > MAX_BATCH) throw BatchTooLarge({ maxCalls: MAX_BATCH });
  // One key for several effects would make the second a replay of the first.
  if (paths.length > 1 && request.method === 'POST' && ctx.idempotencyKey !== null) {
    throw MalformedRequest({ reason: 'an Idempotency-Key header belongs to one call, not to a batch' });
  }
  return { paths, isBatch, inputOf: readInputs(request, isBatch) };
}

/** Whether the answers are to come one by one as each is ready: tRPC's stream link asks for it by either header. */
export function wantsStream({ headers }: FastifyRequest): boolean {
  const asked = headers['trpc-accept'];
  if (asked !== undefined) return asked === 'application/jsonl';
  const { accept } = headers;
  return (
    accept?.includes('application/jsonl') === true &&
    accept.split(',').some((type) => type.trim() === 'application/jsonl')
  );
}
