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
     -- In no order, so that accounts which cannot be settled do not stand in the way of the others for ever.
     order by random() limit ${MAX_AT_ONCE}`;
  return rows.map(({ id }) => id);
}

/**
 * Books what has expired in accounts that nobody moves; the others do it with their next movement. Any number of processes may do it at
 * once. An account whose books refuse it is left to `onFailure` and keeps no other one waiting.
 */
export async function settleOverdue(deps: {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly onFailure: (err: unknown, workspaceId: string) => void;
}): Promise<void> {
  const { db, ledger, onFailure } = deps;
  const settle = (workspaceId: string) =>
    ledger
      .move({ acting: systemActing(workspaceId, 'expiry'), command: { kind: 'settle' }, keyed: null })
      .catch((err: unknown) => onFailure(err, workspaceId));
  await Promise.all((await findOverdue(db.read)).map(settle));
}
