export { assertWithinLimitIn } from './limits.ts';
export { createPlanService, type PlanService } from './plan.service.ts';
