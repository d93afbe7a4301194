import { z } from 'zod';
import { PlanType } from '../billing/index.ts';
import { defineEvent } from '../events/index.ts';

export const PlanChanged = defineEvent('plan.changed', {
  version: 1,
  aggregateType: 'workspace',
  payload: z.object({ planType: PlanType, previousPlanType: PlanType }),
  summary: 'A workspace has another plan.',
  example: { planType: 'pro', previousPlanType: 'free' },
});
