import type { PlanType } from '@morket/contract/billing';
import type { Reader, Tx } from '@morket/db';

/** Workspaces of a plan whose oldest chained entry was written before `before`, by id. */
export async function listOverdue(
  reader: Reader,
  wanted: { readonly planType: PlanType; readonly before: Date; readonly after: string | null; readonly limit: number },
): Promise<string[]> {
  const { planType, before, after, limit } = wanted;
  const rows = await reader.$queryRaw<{ workspaceId: string }[]>`
    select c.workspace_id::text as "workspaceId"
      from audit_chains c join billing_accounts b on b.workspace_id = c.workspace_id
      cross join lateral (
        select e.created_at from audit_links l join audit_log e on e.id = l.entry_id
         where l.workspace_id = c.workspace_id order by l.seq limit 1) oldest
     where b.plan_type::text = ${planType} and oldest.created_at < ${before.toISOString()}::timestamptz
       and (${after}::uuid is null or c.workspace_id > ${after}::uuid)
     order by c.workspace_id limit ${limit}`;
  return rows.map(({ workspaceId }) => workspaceId);
}

/** Removes the entries up to and with the link `through`, all older than `before`, through the one function that may. Returns their number. */
export async function prune(tx: Tx, workspaceId: string, through: bigint, before: Date): Promise<number> {
  const [row] = await tx.$queryRaw<{ removed: number }[]>`
    select prune_audit_log(${workspaceId}::uuid, ${through}::bigint, ${before.toISOString()}::timestamptz) as removed`;
  return row?.removed ?? 0;
}
