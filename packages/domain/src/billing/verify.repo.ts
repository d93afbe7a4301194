import type { Reader } from '@morket/db';
import { toBurns } from './grant.model.ts';
import type { EntryRow } from './sheet.ts';
import { ACCOUNT_JSON, type AccountJson, GRANT_JSON, type GrantJson, toAccount, toGrant } from './stored-books.ts';
import type { Snapshot } from './verify.model.ts';

type SnapshotRow = {
  readonly account: AccountJson;
  readonly grants: readonly GrantJson[];
  readonly lastSeq: bigint;
  readonly openHolds: number;
  readonly heldByHolds: bigint;
  readonly strayHold: string | null;
};

/** What the projections of an account say, in one statement and so as of one instant. Null without such an account. */
export async function readSnapshot(reader: Reader, workspaceId: string): Promise<Snapshot | null> {
  const [row] = await reader.$queryRaw<SnapshotRow[]>`
    select ${ACCOUNT_JSON} as account,
           (select coalesce(json_agg(${GRANT_JSON}), '[]') from credit_grants g
             where g.workspace_id = a.workspace_id and (g.is_open or g.expired > 0)) as grants,
           (select coalesce(max(t.seq), 0)::bigint from credit_transactions t where t.workspace_id = a.workspace_id) as "lastSeq",
           (select count(*)::int from credit_holds h where h.workspace_id = a.workspace_id and h.state = 'open') as "openHolds",
           (select coalesce(sum(h.amount - h.captured), 0)::bigint from credit_holds h
             where h.workspace_id = a.workspace_id and h.state = 'open') as "heldByHolds",
           (select h.id::text from credit_holds h
              left join lateral (
                select coalesce(sum(s.amount) filter (where s.kind = 'captured'), 0) as captured, count(*) as steps,
                       coalesce(sum(s.amount) filter (where s.kind = 'opened'), 0) as opened, bool_or(s.closes) as closed,
                       coalesce(sum(s.amount) filter (where s.kind in ('released', 'expired')), 0) as freed
                  from credit_hold_steps s where s.workspace_id = h.workspace_id and s.hold_id = h.id) j on true
             where h.workspace_id = a.workspace_id
               and (j.captured <> h.captured or j.opened <> h.amount or j.steps <> h.steps or j.closed <> (h.state <> 'open')
                    or (h.state <> 'open' and j.captured + j.freed <> h.amount)
                    or h.captured <> (select coalesce(-sum(t.amount), 0) from credit_transactions t
                                       where t.workspace_id = h.workspace_id and t.hold_id = h.id))
             order by h.created_at limit 1) as "strayHold"
      from billing_accounts a
     where a.workspace_id = ${workspaceId}::uuid`;
  if (!row) return null;
  const { account, grants, lastSeq, openHolds, heldByHolds, strayHold } = row;
  return { account: toAccount(account), grants: grants.map(toGrant), lastSeq, openHolds, heldByHolds, strayHold };
}

type StoredEntry = Omit<EntryRow, 'burns' | 'grant'> & {
  readonly burns: readonly bigint[];
  readonly priority: number | null;
  readonly expiresAt: Date | null;
};

/** The next entries after `after`, up to and with `until`, with their grants and burns. */
export async function readEntries(
  reader: Reader,
  workspaceId: string,
  range: { readonly after: bigint; readonly until: bigint; readonly limit: number },
): Promise<EntryRow[]> {
  const rows = await reader.$queryRaw<StoredEntry[]>`
    select t.id::text, t.workspace_id::text as "workspaceId", t.seq, t.amount, t.type::text, t.description, t.reference_id as "referenceId",
           t.balance_after as "balanceAfter", t.reverses_id::text as "reversesId", t.hold_id::text as "holdId",
           encode(t.hash, 'hex') as hash, t.created_by::text as "createdBy", t.created_at as "createdAt",
           g.priority::int as priority, g.expires_at as "expiresAt", t.burns
      from credit_transactions t
      left join credit_grants g on g.workspace_id = t.workspace_id and g.seq = t.seq
     where t.workspace_id = ${workspaceId}::uuid and t.seq > ${range.after} and t.seq <= ${range.until}
     order by t.seq limit ${range.limit}`;
  return rows.map(({ burns, priority, expiresAt, ...entry }) => ({
    ...entry,
    burns: toBurns(burns),
    grant: priority === null ? null : { priority, expiresAt },
  }));
}

/** The next accounts after `after`, by id. */
export async function listAccounts(reader: Reader, after: string | null, limit: number): Promise<string[]> {
  const rows = await reader.billingAccount.findMany({
    where: after === null ? {} : { workspaceId: { gt: after } },
    orderBy: { workspaceId: 'asc' },
    take: limit,
    select: { workspaceId: true },
  });
  return rows.map(({ workspaceId }) => workspaceId);
}
