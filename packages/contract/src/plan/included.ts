import type { PlanType } from '../billing/index.ts';
import { FeatureRequired } from './plan.errors.ts';
import { type PlanFeature, planHas, upgradeForFeature } from './plans.ts';

/** Throws `plan.feature_required` where the plan does not include the feature. */
export function assertIncluded(planType: PlanType, feature: PlanFeature): void {
  if (planHas(planType, feature)) return;
  throw FeatureRequired({ plan: planType, feature, upgradeTo: upgradeForFeature(planType, feature) });
}
