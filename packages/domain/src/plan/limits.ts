import { Forbidden } from '@morket/contract/errors';
import { LimitReached, PLANS, type PlanLimit, upgradeForLimit } from '@morket/contract/plan';
import type { Tx } from '@morket/db';
import * as repo from './plan.repo.ts';

/**
 * Refuses what would be one too many for the plan of the workspace. Call it in the transaction that adds the one, before any other lock:
 * it locks the workspace until the end, so that of twenty who want the last place one gets it. Throws `plan.limit_reached`, and
 * `access.forbidden` for a workspace that has been deleted meanwhile.
 */
export async function assertWithinLimitIn(
  tx: Tx,
  scope: { readonly workspaceId: string },
  limit: PlanLimit,
): Promise<void> {
  if (!(await repo.lockGrowth(tx, scope.workspaceId))) throw Forbidden({});
  const { planType, used } = await repo.readUse(tx, scope.workspaceId, limit);
  const allowed = PLANS[planType].limits[limit];
  if (allowed === null || used < allowed) return;
  throw LimitReached({ plan: planType, limit, used, allowed, upgradeTo: upgradeForLimit(planType, limit, used) });
}
