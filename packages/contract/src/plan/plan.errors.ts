import { z } from 'zod';
import { PlanType } from '../billing/index.ts';
import { defineError } from '../errors/index.ts';
import { Feature, Limit } from './plan.schema.ts';

const plan = PlanType.meta({ examples: ['free'] });
const upgradeTo = PlanType.nullable().meta({ examples: ['pro'] });

/** What a person should do next; without a larger plan there is nothing to offer. */
const hint = (target: PlanType | null): string => (target === null ? '' : ` The plan ${target} does.`);

export const FeatureRequired = defineError('plan.feature_required', {
  kind: 'paymentRequired',
  details: z.object({ plan, feature: Feature, upgradeTo }),
  message: (details) => `The plan ${details.plan} does not include ${details.feature}.${hint(details.upgradeTo)}`,
  remedy: 'Ask an owner to change to the plan in `details.upgradeTo`.',
});

export const LimitReached = defineError('plan.limit_reached', {
  kind: 'paymentRequired',
  details: z.object({
    plan,
    limit: Limit,
    used: z.int().meta({ examples: [25] }),
    allowed: z.int().meta({ examples: [25] }),
    upgradeTo,
  }),
  message: (details) =>
    `The plan ${details.plan} allows ${details.allowed} ${details.limit}; there are ${details.used}.` +
    (details.upgradeTo === null ? '' : ` The plan ${details.upgradeTo} allows more.`),
  remedy: 'Remove what is not needed, or ask an owner to change to the plan in `details.upgradeTo`.',
});
