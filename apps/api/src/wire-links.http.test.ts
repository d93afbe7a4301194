import { httpBatchLink, httpBatchStreamLink, httpLink } from '@trpc/client';
import { describe, expect, test } from 'vitest';
import { type Client, type MakeLink, over } from '../test/seen-answers.ts';
import { useTwoAdapters } from '../test/two-adapters.ts';
import { CODE_NAMES } from '../test/wire-router.ts';

/**
 * The official links must not be able to tell our route from tRPC's adapter, whatever a router holds: here it is one with everything
 * that the product has none of.
 */
const { origins } = useTwoAdapters();

const LINKS: Readonly<Record<string, MakeLink>> = {
  httpLink,
  httpBatchLink,
  httpBatchStreamLink,
  'httpBatchStreamLink by Accept': (options) => httpBatchStreamLink({ ...options, streamHeader: 'accept' }),
  'httpLink by POST alone': (options) => httpLink({ ...options, methodOverride: 'POST' }),
  'httpBatchLink by POST alone': (options) => httpBatchLink({ ...options, methodOverride: 'POST' }),
};

type Work = (client: Client) => Promise<unknown>;

const ALONE: Readonly<Record<string, Work>> = {
  'no input': (client) => client.query('pong'),
  'text of any script': (client) => client.query('echo', { text: 'Größe "中文" 🚀 \\ / %25 & = + #' }),
  'a long input': (client) => client.query('echo', { text: 'é'.repeat(1_500) }),
  'an output with dates': (client) => client.query('told'),
  'an output with an undefined that is there': (client) => client.query('told', { maybe: 'undefined' }),
  'one date twice': (client) => client.query('twice'),
  'everything superjson can write': (client) => client.query('everything'),
  'no output': (client) => client.query('nothing'),
  'no output, declared': (client) => client.query('nothingDeclared'),
  null: (client) => client.query('nul'),
  'a nested name': (client) => client.query('deep.er.still'),
  'a mutation': (client) => client.mutation('write', { text: 'ü' }),
  'a mutation without input or output': (client) => client.mutation('touch'),
  'a mutation given null': (client) => client.mutation('any', null),
  'a mutation given a list': (client) => client.mutation('any', [1, 'two', null]),
  'a query given null': (client) => client.query('asked', null),
  'a query given false': (client) => client.query('asked', false),
  'a wrong input': (client) => client.query('echo', { text: 1 }),
  'a missing input': (client) => client.query('echo'),
  'a fault': (client) => client.query('fault'),
  'an output against its schema': (client) => client.query('broken'),
  'an unknown name': (client) => client.query('no.such'),
  'a name of every object': (client) => client.query('__proto__.constructor'),
  'a name of Unicode': (client) => client.query('größe.中文'),
  'a very long name': (client) => client.query(`x${'.y'.repeat(1_000)}`),
  'a query as a mutation': (client) => client.mutation('pong'),
  'a mutation as a query': (client) => client.query('touch'),
  ...Object.fromEntries(
    CODE_NAMES.map((code) => [`the refusal ${code}`, (client: Client) => client.query('refuse', { code })]),
  ),
};

const TOGETHER: Readonly<Record<string, Work>> = {
  'three that succeed': (client) =>
    Promise.allSettled([client.query('pong'), client.query('told'), client.query('everything')]),
  'ten of one': (client) =>
    Promise.allSettled(Array.from({ length: 10 }, (_, count) => client.query('echo', { text: 'x', count }))),
  'with and without input': (client) => Promise.allSettled([client.query('pong'), client.query('asked', { a: 1 })]),
  'mutations with and without input': (client) =>
    Promise.allSettled([
      client.mutation('touch'),
      client.mutation('write', { text: 'x' }),
      client.mutation('any', null),
    ]),
  'one that fails': (client) => Promise.allSettled([client.query('pong'), client.query('fault')]),
  'two that fail alike': (client) => Promise.allSettled([client.query('no.such'), client.query('nor.this')]),
  'two that fail differently': (client) =>
    Promise.allSettled([client.query('no.such'), client.query('echo'), client.query('refuse', { code: 'CONFLICT' })]),
};

/** Calls that go out one by one come back in any order. */
const asText = (seen: unknown): string => JSON.stringify(seen, null, 1);

describe.each(Object.entries(LINKS))('%s', (_, makeLink) => {
  test.each(Object.entries({ ...ALONE, ...TOGETHER }))('%s', async (_name, work) => {
    const [ours, theirs] = [await over(origins.ours, makeLink, work), await over(origins.stock, makeLink, work)];
    expect(ours.seen.length).toBeGreaterThan(0);
    expect(ours.seen.map(asText).toSorted()).toEqual(theirs.seen.map(asText).toSorted());
    expect(ours.outcome).toEqual(theirs.outcome);
  });
});
