import { AutoRecharged, CreditsAdded, CreditsDebited, CreditsExpired, DebtRepaid } from '@morket/contract/billing';
import { type PointTx, Prisma } from '@morket/db';
import { answersSource, keepAnswersStatement } from '../idempotency/index.ts';
import { type Recording, recordClauses, recordingsSource } from '../record/index.ts';
import { fromBurns } from './grant.model.ts';
import type { Changes, KeptVerdict } from './sheet.ts';

/** Rows as one JSON text, which PostgreSQL reads faster than arrays and Prisma passes on untouched. */
const json = (rows: readonly unknown[]): string => JSON.stringify(rows);
/** Left out rather than sent as null: a fifth of a line's bytes. */
const present = <T>(value: T | null): T | undefined => value ?? undefined;
/** Exact: no amount exceeds what JSON can hold. */
const n = Number;

/** Rows with the place of each in its table: looked up one by one by its key, whatever the planner thinks of the table. */
const placed = (rows: readonly unknown[], columns: Prisma.Sql, lookUp: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`json_to_recordset(${json(rows)}::json) as n (${columns}) cross join lateral (${lookUp} offset 0) place (at)`;

function accountsClause({ accounts }: Changes): Prisma.Sql {
  const rows = [...accounts].map(([w, a]) => ({
    ...{ w, b: n(a.balance), h: n(a.held), d: n(a.debt), s: n(a.seq), x: a.headHash, cs: a.cycleStart, ce: a.cycleEnd },
    ...{ sp: n(a.cycleSpent), r: a.openRechargeId, u: a.rechargeRestsUntil },
  }));
  const columns = Prisma.sql`
    w uuid, b bigint, h bigint, d bigint, s bigint, x text, cs timestamptz, ce timestamptz, sp bigint, r uuid, u timestamptz`;
  return Prisma.sql`accounts as (
    update billing_accounts a
       set balance = n.b, held = n.h, debt = n.d, seq = n.s, head_hash = decode(n.x, 'hex'), cycle_start = n.cs, cycle_end = n.ce,
           cycle_spent = n.sp, open_recharge_id = n.r, recharge_rests_until = n.u
      from ${placed(rows, columns, Prisma.sql`select x.ctid from billing_accounts x where x.workspace_id = n.w`)}
     where a.ctid = place.at)`;
}

/** Events that say of an entry what its row says, and nothing else; of one version and about one kind of thing. */
const TOLD_BY_ENTRY = [CreditsAdded, CreditsDebited, AutoRecharged, CreditsExpired, DebtRepaid] as const;
const TOLD_BY_ENTRY_NAMES: ReadonlySet<string> = new Set(TOLD_BY_ENTRY.map(({ eventName }) => eventName));

/** A recording with its number in the batch: events are told in the order in which things happened. */
type Placed = Recording & { readonly place: number };

/** A batch's entries with what PostgreSQL can derive from them: their own recordings and answers. The others are written as they are. */
function splitByEntry({ entries, recordings, answers }: Changes) {
  const ids = new Set(entries.map(({ id }) => id));
  const told = new Map<string, Placed>();
  const otherRecordings: Placed[] = [];
  for (const [place, recording] of recordings.entries()) {
    const isTold = ids.has(recording.id) && TOLD_BY_ENTRY_NAMES.has(recording.event.name);
    if (isTold) told.set(recording.id, { ...recording, place });
    else otherRecordings.push({ ...recording, place });
  }
  const kept = new Map<string, KeptVerdict & { readonly balance: number }>();
  const otherAnswers: KeptVerdict[] = [];
  for (const answer of answers) {
    const verdict = answer.answer;
    if (verdict.outcome === 'moved' && ids.has(verdict.transactionId)) {
      kept.set(verdict.transactionId, { ...answer, balance: verdict.balance });
    } else otherAnswers.push(answer);
  }
  return { told, kept, otherRecordings, otherAnswers };
}
type Split = ReturnType<typeof splitByEntry>;

/** The lines from which entries, their recordings and their answers are written: most of what a batch sends. */
function linesClause({ entries }: Changes, { told, kept }: Split): Prisma.Sql {
  const rows = entries.map((e) => {
    const { acting, event, place } = told.get(e.id) ?? {};
    const { owner, keyed, balance } = kept.get(e.id) ?? {};
    return {
      i: e.id,
      w: e.workspaceId,
      s: n(e.seq),
      a: n(e.amount),
      t: e.type,
      d: e.description,
      f: present(e.referenceId),
      b: n(e.balanceAfter),
      u: `{${fromBurns(e.burns).join()}}`,
      v: present(e.reversesId),
      h: present(e.holdId),
      x: e.hash,
      c: present(e.createdBy),
      n: event?.name,
      m: acting?.impersonatorId ?? undefined,
      y: (acting ?? owner)?.apiKeyId,
      r: acting?.origin.requestId,
      q: acting?.origin.traceparent,
      z: acting?.origin.causationId,
      p: keyed?.procedure,
      k: keyed?.key,
      g: keyed?.fingerprint,
      l: balance,
      o: place,
    };
  });
  return Prisma.sql`lines as materialized (
    select * from json_to_recordset(${json(rows)}::json)
      as r (i uuid, w uuid, s bigint, a bigint, t text, d text, f text, b bigint, u text, v uuid, h uuid, x text, c uuid,
            n text, m uuid, y uuid, r uuid, q text, z uuid, p text, k text, g text, l bigint, o int))`;
}

const entriesClause = ({ at }: Changes): Prisma.Sql => Prisma.sql`entries as (
  insert into credit_transactions (id, workspace_id, seq, amount, type, description, reference_id, balance_after, burns, reverses_id,
                                   hold_id, hash, created_by, created_at)
  select i, w, s, a, t::credit_transaction_type, d, f, b, u::bigint[], v, h, decode(x, 'hex'), c, ${at.toISOString()}::timestamptz from lines)`;

const recordingsOfLines = Prisma.sql`
  select i, w, c as u, m, y as k, r, q as x, z, n, ${CreditsDebited.version}::int as v, ${CreditsDebited.aggregateType} as t, w::text as a,
         jsonb_build_object('transactionId', i, 'amount', a, 'balanceAfter', b, 'referenceId', f) as p,
         jsonb_build_object('before', jsonb_build_object('balance', b - a),
                            'after', jsonb_build_object('balance', b, 'transactionId', i)) as c, o
    from lines where n is not null`;

const answersOfLines = Prisma.sql`
  select w, coalesce(y, c) as a, p, k, g as f, jsonb_build_object('outcome', 'moved', 'transactionId', i, 'balance', l) as answer
    from lines where k is not null`;

/** Several sources as one. */
const all = (sources: readonly Prisma.Sql[]): Prisma.Sql => Prisma.join([...sources], ' union all ');

function newGrantsClause({ newGrants }: Changes): Prisma.Sql {
  const rows = newGrants.map((g) => ({
    ...{ w: g.workspaceId, s: n(g.seq), a: n(g.amount), r: n(g.remaining), x: n(g.expired) },
    ...{ p: g.priority, e: g.expiresAt },
  }));
  return Prisma.sql`new_grants as (
    insert into credit_grants (workspace_id, seq, amount, remaining, expired, priority, expires_at, is_open)
    select w, s, a, r, x, p, e, r > 0
      from json_to_recordset(${json(rows)}::json) as n (w uuid, s bigint, a bigint, r bigint, x bigint, p smallint, e timestamptz))`;
}

function changedGrantsClause({ changedGrants }: Changes): Prisma.Sql {
  const rows = changedGrants.map((g) => ({ w: g.workspaceId, s: n(g.seq), r: n(g.remaining), x: n(g.expired) }));
  return Prisma.sql`changed_grants as (
    update credit_grants g set remaining = n.r, expired = n.x, is_open = n.r > 0
      from ${placed(
        rows,
        Prisma.sql`w uuid, s bigint, r bigint, x bigint`,
        Prisma.sql`select t.ctid from credit_grants t where t.workspace_id = n.w and t.seq = n.s`,
      )}
     where g.ctid = place.at)`;
}

function newHoldsClause({ newHolds, at }: Changes): Prisma.Sql {
  const rows = newHolds.map((h) => ({
    ...{ w: h.workspaceId, i: h.id, a: n(h.amount), c: n(h.captured), t: h.state, n: h.steps, d: h.description },
    ...{ f: h.referenceId, e: h.expiresAt, u: h.createdBy },
  }));
  return Prisma.sql`new_holds as (
    insert into credit_holds (workspace_id, id, amount, captured, state, steps, description, reference_id, expires_at, created_by,
                              created_at)
    select w, i, a, c, t::hold_state, n, d, f, e, u, ${at.toISOString()}::timestamptz
      from json_to_recordset(${json(rows)}::json)
        as r (w uuid, i uuid, a bigint, c bigint, t text, n int, d text, f text, e timestamptz, u uuid))`;
}

function changedHoldsClause({ changedHolds }: Changes): Prisma.Sql {
  const rows = changedHolds.map((h) => ({ w: h.workspaceId, i: h.id, c: n(h.captured), t: h.state, n: h.steps }));
  return Prisma.sql`changed_holds as (
    update credit_holds h set captured = n.c, state = n.t::hold_state, steps = n.n
      from ${placed(
        rows,
        Prisma.sql`w uuid, i uuid, c bigint, t text, n int`,
        Prisma.sql`select x.ctid from credit_holds x where x.workspace_id = n.w and x.id = n.i`,
      )}
     where h.ctid = place.at)`;
}

function stepsClause({ holdSteps, at }: Changes): Prisma.Sql {
  const rows = holdSteps.map((s) => ({
    ...{ w: s.workspaceId, h: s.holdId, n: s.no, k: s.kind, a: n(s.amount), c: s.closes, u: s.createdBy },
  }));
  return Prisma.sql`steps as (
    insert into credit_hold_steps (workspace_id, hold_id, no, kind, amount, closes, created_by, created_at)
    select w, h, n, k::hold_step_kind, a, c, u, ${at.toISOString()}::timestamptz
      from json_to_recordset(${json(rows)}::json) as r (w uuid, h uuid, n int, k text, a bigint, c boolean, u uuid))`;
}

function rechargesClause({ recharges, at }: Changes): Prisma.Sql {
  return Prisma.sql`recharges as (
    insert into credit_recharges (workspace_id, id, created_at)
    select "workspaceId", id, ${at.toISOString()}::timestamptz from json_to_recordset(${json(recharges)}::json) as r ("workspaceId" uuid, id uuid))`;
}

/** Writes everything a batch decided, in one statement. */
export async function writeChanges(tx: PointTx, changes: Changes): Promise<void> {
  const { accounts, entries, newGrants, changedGrants, newHolds, changedHolds, holdSteps, recharges } = changes;
  const split = splitByEntry(changes);
  const { told, kept, otherRecordings, otherAnswers } = split;
  const recordings = [
    ...(told.size > 0 ? [recordingsOfLines] : []),
    ...(otherRecordings.length > 0 ? [recordingsSource(otherRecordings)] : []),
  ];
  const answers = [
    ...(kept.size > 0 ? [answersOfLines] : []),
    ...(otherAnswers.length > 0 ? [answersSource(otherAnswers)] : []),
  ];
  const clauses = [
    ...(accounts.size > 0 ? [accountsClause(changes)] : []),
    ...(entries.length > 0 ? [linesClause(changes, split), entriesClause(changes)] : []),
    ...(newGrants.length > 0 ? [newGrantsClause(changes)] : []),
    ...(changedGrants.length > 0 ? [changedGrantsClause(changes)] : []),
    ...(newHolds.length > 0 ? [newHoldsClause(changes)] : []),
    ...(changedHolds.length > 0 ? [changedHoldsClause(changes)] : []),
    ...(holdSteps.length > 0 ? [stepsClause(changes)] : []),
    ...(recharges.length > 0 ? [rechargesClause(changes)] : []),
    ...(answers.length > 0 ? [Prisma.sql`answers as (${keepAnswersStatement(all(answers))})`] : []),
    ...(recordings.length > 0 ? [recordClauses(all(recordings))] : []),
  ];
  if (clauses.length > 0) await tx.execute(Prisma.sql`with ${Prisma.join(clauses, ', ')} select 1`);
}
