import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createGroupCommit } from './group-commit.ts';

type Item = { readonly group: string; readonly no: number; readonly poison: boolean };

const arrivals = fc.array(
  fc.record({
    group: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    poison: fc.constantFrom(false, false, false, true),
    /** Whether the caller waits for something else before it asks. */
    later: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);

/**
 * Invariant: whenever items come, each is answered with its own result, or fails alone with its own error; within a group they take
 * effect in the order in which they came; no batch is larger than allowed, no more are under way than there are lanes, and none beside
 * another one of the same group.
 */
test('batches keep order, bounds and everybody’s own answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      arrivals,
      fc.record({ lanes: fc.integer({ min: 1, max: 3 }), maxBatch: fc.integer({ min: 1, max: 6 }) }),
      async (scheduler, list, { lanes, maxBatch }) => {
        const effects = new Map<string, number[]>();
        const underWay = new Set<readonly Item[]>();
        const queue = createGroupCommit<Item, number>({
          groupOf: ({ group }) => group,
          blames: () => 'item',
          ...{ lanes, maxBatch },
          run: async (items) => {
            expect(items.length).toBeLessThanOrEqual(maxBatch);
            for (const other of underWay) {
              expect(other.filter(({ group }) => items.some((item) => item.group === group))).toEqual([]);
            }
            underWay.add(items);
            expect(underWay.size).toBeLessThanOrEqual(lanes);
            await scheduler.schedule(Promise.resolve(), 'the database');
            underWay.delete(items);
            const bad = items.find(({ poison }) => poison);
            if (bad) throw new Error(`${bad.no} is poison`);
            for (const { group, no } of items) effects.set(group, [...(effects.get(group) ?? []), no]);
            return items.map(({ no }) => no);
          },
        });
        const submitted = new Map<string, number[]>();
        const outcomes = list.map(async ({ group, poison, later }, no) => {
          if (later) await scheduler.schedule(Promise.resolve(), 'the caller');
          if (!poison) submitted.set(group, [...(submitted.get(group) ?? []), no]);
          return queue.submit({ group, no, poison }).catch((err: unknown) => String(err));
        });
        await scheduler.waitFor(Promise.all(outcomes));
        for (const [no, outcome] of outcomes.entries()) {
          expect(await outcome).toBe(list[no]?.poison ? `Error: ${no} is poison` : no);
        }
        expect(effects).toEqual(submitted);
        await queue.drain();
      },
    ),
    { numRuns: 300 },
  );
});

/** Invariant: as long as every group has items waiting, none is ever served more than one item ahead of another. */
test('groups share the batches evenly', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 12 }), async (groupCount, maxBatch) => {
      const each = 30;
      const served = new Map<number, number>();
      let widest = 0;
      const queue = createGroupCommit<number, null>({
        groupOf: String,
        blames: () => 'item',
        lanes: 1,
        maxBatch,
        maxWaitMs: 600_000,
        run: async (items) => {
          for (const group of items) served.set(group, (served.get(group) ?? 0) + 1);
          const counts = Array.from({ length: groupCount }, (_, group) => served.get(group) ?? 0);
          widest = Math.max(widest, Math.max(...counts) - Math.min(...counts));
          return items.map(() => null);
        },
      });
      const results = Array.from({ length: groupCount }, (_, group) =>
        Array.from({ length: each }, () => queue.submit(group)),
      );
      await Promise.all(results.flat());
      expect(widest).toBeLessThanOrEqual(1);
    }),
    { numRuns: 200 },
  );
});
