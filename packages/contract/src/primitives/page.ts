import { z } from 'zod';

const MAX_LIMIT = 100;

/** The fields by which a person pages: `page` counts from 1. */
const pageFields = {
  page: z.int().min(1).max(10_000).default(1),
  limit: z.int().min(1).max(MAX_LIMIT).default(20),
};

/** A first page is meant when nothing is said. */
export const PageInput = z.object(pageFields).prefault({});
export type PageInput = z.infer<typeof PageInput>;

/** One page of `item`, with the number of all items. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item).max(MAX_LIMIT), page: z.int(), limit: z.int(), total: z.int() });

export type Page<Item> = { items: Item[]; page: number; limit: number; total: number };
