import { httpBatchLink, httpBatchStreamLink, httpLink } from '@trpc/client';
import { expect, test } from 'vitest';
import { type Client, type MakeLink, over } from '../test/seen-answers.ts';
import { useTwoAdapters } from '../test/two-adapters.ts';

/** `responseMeta` sees the same and does the same behind our route as behind tRPC's adapter. */
const { origins } = useTwoAdapters({
  responseMeta: ({ paths, type, data, errors, eagerGeneration, ctx }) => {
    const codes = errors.map(({ code }) => code);
    const mark = JSON.stringify([paths, type, data, codes, eagerGeneration, ctx?.bearer ?? null]);
    return {
      headers: new Headers({ 'x-mark': encodeURIComponent(mark), vary: 'x-marked-by' }),
      ...(codes.length === 2 ? { status: 418 } : {}),
    };
  },
});

const LINKS: readonly (readonly [string, MakeLink])[] = [
  ['httpLink', httpLink],
  ['httpBatchLink', httpBatchLink],
  ['httpBatchStreamLink', httpBatchStreamLink],
];
const CASES: readonly (readonly [string, (client: Client) => Promise<unknown>])[] = [
  ['a query', (client) => client.query('told')],
  ['a mutation', (client) => client.mutation('write', { text: 'x' })],
  ['a failure', (client) => client.query('refuse', { code: 'CONFLICT' })],
  ['an unknown name', (client) => client.query('no.such')],
  ['one of two fails', (client) => Promise.allSettled([client.query('no.such'), client.query('pong')])],
  ['both fail', (client) => Promise.allSettled([client.query('no.such'), client.query('fault')])],
];

const asText = (seen: unknown): string => JSON.stringify(seen, null, 1);

test.each(LINKS.flatMap(([link, makeLink]) => CASES.map(([name, work]) => [link, name, makeLink, work] as const)))(
  '%s: %s',
  async (_link, _name, makeLink, work) => {
    const [ours, theirs] = [await over(origins.ours, makeLink, work), await over(origins.stock, makeLink, work)];
    expect(ours.seen.map(asText).toSorted()).toEqual(theirs.seen.map(asText).toSorted());
    expect(ours.seen.every(({ marks }) => marks !== null)).toBe(true);
    for (const { vary } of ours.seen) expect(vary).toEqual(['accept', 'trpc-accept', 'x-marked-by']);
  },
);

test('a request that cannot be read calls nothing', async () => {
  const answer = await fetch(`${origins.ours}/trpc/pong?input=%7B`);
  const mark: unknown = JSON.parse(decodeURIComponent(answer.headers.get('x-mark') ?? ''));
  expect(mark).toMatchObject([[], 'unknown', [{ error: {} }], ['BAD_REQUEST'], false, null]);
});
