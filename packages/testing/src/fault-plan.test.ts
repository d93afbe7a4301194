import { expect, test } from 'vitest';
import { FAULTS, seededPlan } from './fault-plan.ts';

const ORDINALS = Array.from({ length: 2_000 }, (_, ordinal) => ordinal);

test('a plan is a function of its seed and of the number of the transaction, in whatever order it is asked', () => {
  const [one, same] = [seededPlan(42, { rate: 0.5 }), seededPlan(42, { rate: 0.5 })];
  const backwards = ORDINALS.toReversed().map(same).toReversed();
  expect(ORDINALS.map(one)).toEqual(backwards);
});

test('neighbouring seeds plan nothing alike', () => {
  const [one, other] = [41, 42].map((seed) => ORDINALS.map(seededPlan(seed, { rate: 1 })));
  const alike = ORDINALS.filter((ordinal) => one?.[ordinal]?.fault === other?.[ordinal]?.fault).length;
  expect(alike / ORDINALS.length).toBeLessThan(2 / FAULTS.length);
});

test('as many are hit as the rate says, by each fault as often as by another', () => {
  const hit = ORDINALS.map(seededPlan(7, { rate: 0.5 })).filter(({ fault }) => fault !== null);
  expect(hit.length / ORDINALS.length).toBeCloseTo(0.5, 1);
  for (const fault of FAULTS) {
    const share = hit.filter((plan) => plan.fault === fault).length / hit.length;
    expect(share * FAULTS.length, fault).toBeCloseTo(1, 0);
  }
});
