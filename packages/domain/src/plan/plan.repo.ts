import type { PlanType } from '@morket/contract/billing';
import type { PlanLimit } from '@morket/contract/plan';
import { Prisma, type Reader, type Tx } from '@morket/db';

/** What counts against each limit in the workspace `w`. An open invitation takes the seat of whom it invites. */
const USED: Readonly<Record<PlanLimit, Prisma.Sql>> = {
  members: Prisma.sql`
    (select count(*) from memberships x where x.workspace_id = w.id)
    + (select count(*) from invitations x
        where x.workspace_id = w.id and x.accepted_at is null and x.revoked_at is null and x.expires_at > clock_timestamp())`,
  apiKeys: Prisma.sql`
    (select count(*) from api_keys x
      where x.workspace_id = w.id and x.revoked_at is null and coalesce(x.expires_at > clock_timestamp(), true))`,
  webhookEndpoints: Prisma.sql`
    (select count(*) from webhook_endpoints x where x.workspace_id = w.id and x.deleted_at is null)`,
  forms: Prisma.sql`(select count(*) from forms x where x.workspace_id = w.id)`,
};

/**
 * Locks the workspace for whatever makes it grow, which waits here for one another; what only refers to the workspace does not. False where
 * it has been deleted. The first lock in the order workspace → billing → run → row.
 */
export async function lockGrowth(tx: Tx, workspaceId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<object[]>`
    select id from workspaces where id = ${workspaceId}::uuid and deleted_at is null for no key update`;
  return rows.length > 0;
}

type Use = { readonly planType: PlanType; readonly used: number };

/** The plan, and what counts against one limit. To decide by it, call it in a statement of its own behind `lockGrowth`. */
export async function readUse(reader: Reader, workspaceId: string, limit: PlanLimit): Promise<Use> {
  const [row] = await reader.$queryRaw<Use[]>`
    select b.plan_type::text as "planType", (${USED[limit]})::int as used
      from workspaces w join billing_accounts b on b.workspace_id = w.id where w.id = ${workspaceId}::uuid`;
  if (!row) throw new Error('A workspace is created together with its billing account; this one has none.');
  return row;
}

type AllUse = { readonly planType: PlanType } & Readonly<Record<PlanLimit, number>>;

/** The plan, and what counts against every limit, as of one instant. */
export async function readAllUse(reader: Reader, workspaceId: string): Promise<AllUse> {
  const [row] = await reader.$queryRaw<AllUse[]>`
    select b.plan_type::text as "planType", (${USED.members})::int as members, (${USED.apiKeys})::int as "apiKeys",
           (${USED.webhookEndpoints})::int as "webhookEndpoints", (${USED.forms})::int as forms
      from workspaces w join billing_accounts b on b.workspace_id = w.id where w.id = ${workspaceId}::uuid`;
  if (!row) throw new Error('A workspace is created together with its billing account; this one has none.');
  return row;
}

/** Gives the workspace this plan, and returns the one it had. */
export async function replacePlan(tx: Tx, workspaceId: string, planType: PlanType): Promise<PlanType> {
  const [before] = await tx.$queryRaw<{ planType: PlanType }[]>`
    select plan_type::text as "planType" from billing_accounts where workspace_id = ${workspaceId}::uuid for update`;
  if (!before) throw new Error('A workspace is created together with its billing account; this one has none.');
  await tx.$executeRaw`
    update billing_accounts set plan_type = ${planType}::plan_type where workspace_id = ${workspaceId}::uuid`;
  return before.planType;
}
