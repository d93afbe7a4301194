import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cycleOf } from './account.model.ts';

/** Invariant: every instant lies in exactly one cycle, and cycles follow each other without a gap. */
test('cycles cover all of time once', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }), (now) => {
      const { start, end } = cycleOf(now);
      expect(start <= now && now < end).toBe(true);
      expect(cycleOf(end).start).toEqual(end);
      expect(cycleOf(new Date(end.getTime() - 1))).toEqual({ start, end });
      expect(start.getUTCDate()).toBe(1);
    }),
    { numRuns: 200 },
  );
});
