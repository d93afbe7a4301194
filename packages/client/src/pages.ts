/** One page of a list that a person pages through; `page` counts from 1. */
export type Page<Item> = {
  readonly items: readonly Item[];
  readonly page: number;
  readonly limit: number;
  readonly total: number;
};

type Paged = { page?: number | undefined; limit?: number | undefined };

/** How tRPC writes that a call may come without input. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is tRPC's word, and the types must meet.
type Nothing = void | undefined;

const MAX_LIMIT = 100;

/**
 * Every item of a paged query, page by page as they are asked for: `for await (const t of
 * eachItem(morket.billing.transactions.query, {}))`. `limit` is the size of a page, 100 unless given; `max` ends the
 * walk after so many items. A list may change during the walk: what moves to the next page is not repeated, what moves
 * to an earlier one is missed.
 */
export async function* eachItem<Input extends Paged | Nothing, Item>(
  fetchPage: (input: Input, options?: { signal?: AbortSignal }) => PromiseLike<Page<Item>>,
  input: Omit<Exclude<Input, Nothing>, keyof Paged>,
  options: { readonly limit?: number; readonly max?: number; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Item, void, undefined> {
  const { limit = MAX_LIMIT, max = Number.POSITIVE_INFINITY, signal } = options;
  let given = 0;
  let seen = new Set<unknown>();
  for (let page = 1; given < max; page += 1) {
    // Only `page` and `limit` were left out, and they are put back here.
    const asked = { ...input, page, limit } as unknown as Input;
    const answer = await fetchPage(asked, signal ? { signal } : {});
    const ids = new Set<unknown>();
    for (const item of answer.items) {
      const id = identityOf(item);
      ids.add(id);
      if (seen.has(id)) continue;
      if (given >= max) return;
      given += 1;
      yield item;
    }
    if (answer.items.length === 0 || page * answer.limit >= answer.total) return;
    seen = ids;
  }
}

/** What makes an item the same one on the next page; without an id of its own it is equal to nothing else. */
function identityOf(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return Symbol();
  if ('id' in item) return item.id;
  return 'userId' in item ? item.userId : item;
}
