import { z } from 'zod';
import { PlanType } from '../billing/index.ts';
import { FEATURES, LIMITS } from './plans.ts';

export const Feature = z.enum(FEATURES).meta({ examples: ['audit.export'] });
export const Limit = z.enum(LIMITS).meta({ examples: ['members'] });

/** `allowed` is null where there is no limit. After a downgrade `used` may be above it: what is there stays, nothing is added. */
export const PlanUsage = z.object({
  limit: Limit,
  used: z.int().meta({ examples: [7] }),
  allowed: z
    .int()
    .nullable()
    .meta({ examples: [25] }),
});
export type PlanUsage = z.infer<typeof PlanUsage>;

/** The plan of a workspace, what it includes, and how much of it is used. */
export const Plan = z.object({
  planType: PlanType,
  features: z.array(Feature).max(100),
  usage: z.array(PlanUsage).max(100),
  auditRetentionDays: z.int().meta({ examples: [30] }),
});
export type Plan = z.infer<typeof Plan>;

export const SetPlanInput = z.object({ planType: PlanType.meta({ examples: ['pro'] }) });
export type SetPlanInput = z.infer<typeof SetPlanInput>;
