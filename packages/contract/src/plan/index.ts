export { assertIncluded } from './included.ts';
export { FeatureRequired, LimitReached } from './plan.errors.ts';
export { PlanChanged } from './plan.events.ts';
export { Plan, PlanUsage, SetPlanInput } from './plan.schema.ts';
export {
  FEATURES,
  LIMITS,
  PLANS,
  type PlanFeature,
  type PlanLimit,
  planHas,
  plansWith,
  upgradeForFeature,
  upgradeForLimit,
} from './plans.ts';
