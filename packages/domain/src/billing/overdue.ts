import type { Db, Reader } from '@morket/db';
import { systemActing } from '../access/index.ts';
import type { Ledger } from './ledger.ts';

const MAX_AT_ONCE = 200;

/** Workspaces in whose books time has something to do. An expired grant that backs an open hold waits for the hold. */
async function findOverdue(reader: Reader): Promise<string[]> {
  const rows = await reader.$queryRaw<{ id: string }[]>`
    with due as (
      select workspace_id from credit_holds where state = 'open' and expires_at <= now()
      union
      select workspace_id from credit_grants where is_open and expires_at <= now())
    select a.workspace_id as id from due join billing_accounts a using (workspace_id)
     where a.closed_at is null
       and (exists (select from credit_holds h where h.workspace_id = a.workspace_id and h.state = 'open' and h.expires_at <= now())
            or a.held < (select coalesce(sum(g.remaining), 0) from credit_grants g
                          where g.workspace_id = a.workspace_id and g.is_open and g.expires_at <= now()))
     limit ${MAX_AT_ONCE}`;
  return rows.map(({ id }) => id);
}

/**
 * Books what has expired in accounts that nobody moves; the others do it with their next movement. Any number of processes may do it at
 * once. Gives the number of workspaces it looked at.
 */
export async function settleOverdue({ db, ledger }: { readonly db: Db; readonly ledger: Ledger }): Promise<number> {
  const workspaceIds = await findOverdue(db.read);
  await Promise.all(
    workspaceIds.map((workspaceId) =>
      ledger.move({ acting: systemActing(workspaceId, 'expiry'), command: { kind: 'settle' }, keyed: null }),
    ),
  );
  return workspaceIds.length;
}
