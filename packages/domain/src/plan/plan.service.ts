import type { Permission } from '@morket/contract/permissions';
import { FEATURES, LIMITS, PLANS, type Plan, PlanChanged, planHas, type SetPlanInput } from '@morket/contract/plan';
import type { Db, Reader, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { record } from '../record/index.ts';
import * as repo from './plan.repo.ts';

type Deps = {
  readonly db: Db;
  /** Locks the workspace and asks the permission again behind the lock; throws `access.forbidden`. */
  readonly lockRoster: (tx: Tx, scope: WorkspaceScope, permission: Permission) => Promise<unknown>;
};

async function readPlan(reader: Reader, { workspaceId }: WorkspaceScope): Promise<Plan> {
  const { planType, ...used } = await repo.readAllUse(reader, workspaceId);
  const { limits, auditRetentionDays } = PLANS[planType];
  return {
    planType,
    features: FEATURES.filter((feature) => planHas(planType, feature)),
    usage: LIMITS.map((limit) => ({ limit, used: used[limit], allowed: limits[limit] })),
    auditRetentionDays,
  };
}

/** The plan of a workspace. That a plan is paid for is not this service's business. */
export function createPlanService({ db, lockRoster }: Deps) {
  function get(scope: WorkspaceScope): Promise<Plan> {
    return readPlan(db.read, scope);
  }

  /** A smaller plan takes nothing away: what is above its limits stays, and nothing is added to it. */
  async function set(scope: WorkspaceScope, { planType }: SetPlanInput): Promise<Plan> {
    return once(db, scope, async (tx) => {
      await lockRoster(tx, scope, 'plan:manage');
      const previousPlanType = await repo.replacePlan(tx, scope.workspaceId, planType);
      if (planType !== previousPlanType) {
        const change = { before: { planType: previousPlanType }, after: { planType } };
        await record(tx, scope, PlanChanged(scope.workspaceId, { planType, previousPlanType }), change);
      }
      return readPlan(tx, scope);
    });
  }

  return { get, set };
}

export type PlanService = ReturnType<typeof createPlanService>;
