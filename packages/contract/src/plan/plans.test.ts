import { expect, test } from 'vitest';
import { PlanType } from '../billing/index.ts';
import { assertIncluded } from './included.ts';
import { FEATURES, LIMITS, PLANS, planHas, plansWith, upgradeForFeature, upgradeForLimit } from './plans.ts';

const plans = PlanType.options;
const pairs = plans.slice(1).map((larger, index) => [plans[index] ?? larger, larger] as const);

test.each(pairs)('whoever goes from %s to %s loses nothing', (smaller, larger) => {
  for (const feature of FEATURES) if (planHas(smaller, feature)) expect(planHas(larger, feature), feature).toBe(true);
  for (const limit of LIMITS) {
    const [less, more] = [
      PLANS[smaller].limits[limit] ?? Number.POSITIVE_INFINITY,
      PLANS[larger].limits[limit] ?? Number.POSITIVE_INFINITY,
    ];
    expect(more, limit).toBeGreaterThan(less);
  }
  expect(PLANS[larger].auditRetentionDays).toBeGreaterThan(PLANS[smaller].auditRetentionDays);
});

test('every feature can be had', () => {
  for (const feature of FEATURES) expect(plansWith(feature).at(-1), feature).toBe('enterprise');
});

test('the upgrade is the smallest that helps, and none where none does', () => {
  expect(upgradeForFeature('free', 'audit.export')).toBe('pro');
  expect(upgradeForLimit('free', 'members', 25)).toBe('pro');
  expect(upgradeForLimit('free', 'members', 250)).toBe('enterprise');
  expect(upgradeForLimit('enterprise', 'forms', 1_000)).toBeNull();
});

test('what a plan does not include is refused with what would', () => {
  expect(() => assertIncluded('pro', 'audit.export')).not.toThrow();
  expect(() => assertIncluded('free', 'audit.export')).toThrow(
    expect.objectContaining({
      code: 'plan.feature_required',
      message: 'The plan free does not include audit.export. The plan pro does.',
      details: { plan: 'free', feature: 'audit.export', upgradeTo: 'pro' },
    }),
  );
});
