import { expect, expectTypeOf, test } from 'vitest';
import { eachItem, type Page } from '../src/index.ts';
import { aSignedInClient } from './signed-in-client.ts';

type Numbered = { readonly id: number };

/** A list of `total` items, newest first, that keeps what it was asked. */
function aList(total: number) {
  const ids = Array.from({ length: total }, (_, index) => total - index);
  const asked: unknown[] = [];
  const fetchPage = async (input: { page?: number; limit?: number; tag?: string }): Promise<Page<Numbered>> => {
    asked.push(input);
    const { page = 1, limit = 20 } = input;
    const items = ids.slice((page - 1) * limit, page * limit).map((id) => ({ id }));
    return { items, page, limit, total: ids.length };
  };
  return { asked, fetchPage, ids };
}

async function idsOf(items: AsyncIterable<Numbered>): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of items) ids.push(id);
  return ids;
}

test.each([0, 1, 99, 100, 101, 250])(
  'a walk over %d items gives each once and asks for no page too many',
  async (total) => {
    const { fetchPage, asked, ids } = aList(total);
    expect(await idsOf(eachItem(fetchPage, { tag: 'x' }))).toEqual(ids);
    expect(asked).toHaveLength(Math.max(1, Math.ceil(total / 100)));
    expect(asked[0]).toEqual({ tag: 'x', page: 1, limit: 100 });
  },
);

test('max ends the walk, between pages and within one', async () => {
  const { fetchPage, asked } = aList(50);
  expect(await idsOf(eachItem(fetchPage, {}, { limit: 10, max: 20 }))).toHaveLength(20);
  expect(asked).toHaveLength(2);
  expect(await idsOf(eachItem(fetchPage, {}, { limit: 10, max: 3 }))).toEqual([50, 49, 48]);
  expect(await idsOf(eachItem(fetchPage, {}, { max: 0 }))).toEqual([]);
  expect(asked).toHaveLength(3);
});

test('pages are fetched as they are needed', async () => {
  const { fetchPage, asked } = aList(50);
  for await (const { id } of eachItem(fetchPage, {}, { limit: 10 })) if (id === 45) break;
  expect(asked).toHaveLength(1);
});

test('an item that new ones push to the next page is given once', async () => {
  const { fetchPage, ids } = aList(6);
  const seen: number[] = [];
  for await (const { id } of eachItem(fetchPage, {}, { limit: 3 })) {
    if (id === 4) ids.unshift(8, 7);
    seen.push(id);
  }
  expect(seen).toEqual([6, 5, 4, 3, 2, 1]);
});

test('it walks a query of the API, whose types it keeps, and stops with its signal', async () => {
  const transaction = { id: 't', createdAt: new Date('2030-01-01T00:00:00Z') };
  const { morket, api } = await aSignedInClient(
    {},
    { 'billing.transactions': () => ({ items: [transaction], page: 1, limit: 1, total: 3 }) },
  );
  const walk = eachItem(morket.billing.transactions.query, { workspaceId: 'w-1' }, { limit: 1, max: 1 });
  for await (const item of walk) {
    expectTypeOf(item.amount).toEqualTypeOf<number>();
    expect(item.createdAt).toEqual(transaction.createdAt);
  }
  expect(api.callsOf('billing.transactions')[0]?.input).toEqual({ workspaceId: 'w-1', page: 1, limit: 1 });

  const stopped = eachItem(morket.billing.transactions.query, {}, { signal: AbortSignal.abort() });
  await expect(stopped.next()).rejects.toMatchObject({ code: 'client.aborted' });
  // @ts-expect-error: the input is the query's own
  const wrong = () => eachItem(morket.billing.transactions.query, { workspaceId: 7 });
  expect(wrong).toBeTypeOf('function');
});
