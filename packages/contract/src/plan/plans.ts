import type { PlanType } from '../billing/index.ts';

/** What a plan includes or not. */
export const FEATURES = ['apiKeys', 'webhooks', 'webhooks.ordered', 'forms', 'audit.export'] as const;
export type PlanFeature = (typeof FEATURES)[number];

/** What a plan lets a workspace have a number of: `members` are people and open invitations together. */
export const LIMITS = ['members', 'apiKeys', 'webhookEndpoints', 'forms'] as const;
export type PlanLimit = (typeof LIMITS)[number];

export type PlanTerms = {
  readonly features: Readonly<Record<PlanFeature, boolean>>;
  /** Null: as many as one likes. */
  readonly limits: Readonly<Record<PlanLimit, number | null>>;
  /** How long an entry of the audit log is kept. */
  readonly auditRetentionDays: number;
};

/** The terms of each plan, from the smallest to the largest. */
export const PLANS: Readonly<Record<PlanType, PlanTerms>> = {
  free: {
    features: { apiKeys: true, webhooks: true, 'webhooks.ordered': false, forms: true, 'audit.export': false },
    limits: { members: 25, apiKeys: 10, webhookEndpoints: 10, forms: 10 },
    auditRetentionDays: 30,
  },
  pro: {
    features: { apiKeys: true, webhooks: true, 'webhooks.ordered': true, forms: true, 'audit.export': true },
    limits: { members: 250, apiKeys: 100, webhookEndpoints: 50, forms: 100 },
    auditRetentionDays: 365,
  },
  enterprise: {
    features: { apiKeys: true, webhooks: true, 'webhooks.ordered': true, forms: true, 'audit.export': true },
    limits: { members: null, apiKeys: 1_000, webhookEndpoints: 200, forms: 1_000 },
    auditRetentionDays: 7 * 365,
  },
};

const ASCENDING = ['free', 'pro', 'enterprise'] as const satisfies readonly PlanType[];

export const planHas = (plan: PlanType, feature: PlanFeature): boolean => PLANS[plan].features[feature];

/** The plans that have a feature, smallest first. */
export const plansWith = (feature: PlanFeature): readonly PlanType[] =>
  ASCENDING.filter((plan) => planHas(plan, feature));

/** The smallest plan above `plan` that satisfies; null where none does. */
function nextPlan(plan: PlanType, satisfies: (terms: PlanTerms) => boolean): PlanType | null {
  return ASCENDING.slice(ASCENDING.indexOf(plan) + 1).find((larger) => satisfies(PLANS[larger])) ?? null;
}

/** The smallest larger plan with the feature; null where no plan has it. */
export const upgradeForFeature = (plan: PlanType, feature: PlanFeature): PlanType | null =>
  nextPlan(plan, ({ features }) => features[feature]);

/** The smallest larger plan that allows more than `used`; null where none does. */
export const upgradeForLimit = (plan: PlanType, limit: PlanLimit, used: number): PlanType | null =>
  nextPlan(plan, ({ limits }) => (limits[limit] ?? Number.POSITIVE_INFINITY) > used);
