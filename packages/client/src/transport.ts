import type { Operation, TRPCLink } from '@trpc/client';
import { httpBatchLink } from '@trpc/client/links/httpBatchLink';
import { httpLink } from '@trpc/client/links/httpLink';
import { observableToPromise } from '@trpc/server/observable';
import superjson from 'superjson';
import type { AppRouter } from './generated/router.ts';
import type { createJsonFetch } from './http.ts';

/** Sends one call with these headers and yields its data. Throws a TRPCClientError or a MorketError. */
export type Send = (op: Operation, headers: Readonly<Record<string, string>>) => Promise<unknown>;

/** What the server takes in one request. */
const MAX_BATCH = 10;
/** Node's HTTP server refuses request lines and headers of more than 16 KiB together; many proxies stop at 8 KiB. */
const MAX_URL_LENGTH = 7_000;

/**
 * How values travel: inputs as plain JSON, outputs by superjson, which brings dates back as `Date`. A raw tRPC client
 * needs it as its `transformer`.
 */
export const transformer = {
  input: { serialize: (value: unknown): unknown => value, deserialize: (value: unknown): unknown => value },
  output: superjson,
};

/**
 * Queries of one tick share a request. A mutation never does: one status, header or retry cannot speak for several
 * effects.
 */
export function createTransport(options: {
  readonly url: string;
  readonly fetch: ReturnType<typeof createJsonFetch>;
  readonly headers: Readonly<Record<string, string>>;
}): Send {
  const { url, fetch, headers: fixed } = options;
  // tRPC types fetch by its widest form; its links call it with a string and the four fields that are read.
  const shared = { url, transformer, fetch: fetch as (input: unknown, init?: unknown) => ReturnType<typeof fetch> };
  const batching = { ...shared, maxItems: MAX_BATCH, maxURLLength: MAX_URL_LENGTH };
  let batch: { readonly key: string; readonly link: HttpLink } | null = null;

  /** A batch has one set of headers, so only calls with equal ones, and thereby of one person, may share it. */
  function batchFor(headers: Record<string, string>): HttpLink {
    const key = JSON.stringify(headers);
    if (batch?.key !== key) batch = { key, link: httpBatchLink<AppRouter>({ ...batching, headers })({}) };
    return batch.link;
  }

  return async (op, ownHeaders) => {
    const headers = { ...fixed, ...ownHeaders };
    // A query too long for any batch would be refused by the batch link without being sent.
    const isShort = encodeURIComponent(JSON.stringify(op.input ?? null)).length < MAX_URL_LENGTH / 2;
    const isBatched = op.type === 'query' && isShort;
    const link = isBatched ? batchFor(headers) : httpLink<AppRouter>({ ...shared, headers })({});
    const { result } = await observableToPromise(link({ op, next: unreachable }));
    return 'data' in result ? result.data : undefined;
  };
}

type HttpLink = ReturnType<TRPCLink<AppRouter>>;

function unreachable(): never {
  throw new Error('An HTTP link has no link after it.');
}
