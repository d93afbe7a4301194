import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.model.ts';
import { createBatchSize } from './batch-size.ts';

const limits = fc
  .record({ floorMs: fc.integer({ min: 1, max: 1_000 }), more: fc.integer({ min: 0, max: 60_000 }) })
  .map(({ floorMs, more }) => ({ floorMs, ceilingMs: floorMs + more }));
const chance = fc.double({ min: 0, max: 0.999, noNaN: true });

/** Invariant: a pause lies between half the floor and the ceiling, and never gets shorter by another failure under the same chance. */
test('pauses grow up to the ceiling', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), limits, chance, (failures, given, random) => {
      const pause = backoffMs(failures, given, random);
      expect(pause).toBeGreaterThanOrEqual(given.floorMs / 2);
      expect(pause).toBeLessThanOrEqual(given.ceilingMs);
      expect(backoffMs(failures + 1, given, random)).toBeGreaterThanOrEqual(pause);
    }),
  );
});

/** Invariant: a batch holds between one event and the most; failures in a row come down to one, successes back to the most. */
test('batches shrink by failures and grow by successes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.array(fc.boolean(), { maxLength: 50 }), (most, outcomes) => {
      const size = createBatchSize(most);
      for (const isGood of outcomes) {
        if (isGood) size.succeeded();
        else size.failed();
        expect(size.now()).toBeGreaterThanOrEqual(1);
        expect(size.now()).toBeLessThanOrEqual(most);
      }
      for (let step = 0; step < 6; step += 1) size.failed();
      expect(size.now()).toBe(1);
      for (let step = 0; step < 11; step += 1) size.succeeded();
      expect(size.now()).toBe(most);
    }),
  );
});
