import { type Account, cycleOf } from '../src/billing/account.model.ts';
import { decideBatch, type Outcome } from '../src/billing/batch.model.ts';
import type { ActingIn, Command, Item } from '../src/billing/command.ts';
import { type Grant, inBurnOrder } from '../src/billing/grant.model.ts';
import { remainingOf } from '../src/billing/hold.model.ts';
import type { Original } from '../src/billing/movement.model.ts';
import {
  type Changes,
  type EntryRow,
  type HoldRow,
  inWorkspace,
  type Sheet,
  type StepRow,
} from '../src/billing/sheet.ts';
import { toTransactionDto } from '../src/billing/to-dto.ts';
import type { Snapshot } from '../src/billing/verify.model.ts';
import { answerName, keyedBy } from '../src/idempotency/index.ts';
import type { Recording } from '../src/record/index.ts';

/** A workspace id that is told from others by its number. */
export const workspaceNo = (no: number): string => `019aa2c4-0000-7cc3-98a5-${String(no).padStart(12, '0')}`;
const ACTOR = '019aa2c4-1111-7cc3-98a5-000000000001';

export const anAccount = (overrides: Partial<Account> = {}, now = new Date('2026-03-15T12:00:00Z')): Account => ({
  planType: 'free',
  balance: 0n,
  held: 0n,
  debt: 0n,
  seq: 0n,
  headHash: null,
  creditLimit: null,
  cycleStart: cycleOf(now).start,
  cycleEnd: cycleOf(now).end,
  cycleSpent: 0n,
  autoRecharge: false,
  autoRechargeThreshold: 0n,
  autoRechargeAmount: 0n,
  openRechargeId: null,
  rechargeRestsUntil: null,
  ...overrides,
});

const actingIn = (workspaceId: string, actorId = ACTOR): ActingIn => ({
  actorId,
  impersonatorId: null,
  workspaceId,
  origin: { requestId: ACTOR, ip: null, userAgent: null },
});

/** A command as a service would hand it to the ledger; everything that decides its effect is in the input of its key. */
export function anItem(workspaceId: string, command: Command, key: string | null = null): Item {
  const input = JSON.parse(
    JSON.stringify(command, (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
  ) as Record<string, unknown>; // a command is an object
  return { acting: actingIn(workspaceId), command, keyed: keyedBy(command.kind, key ?? undefined, input) };
}

const once = <Value>(map: Map<string, Value>, name: string, value: Value): void => {
  if (map.has(name)) throw new Error(`A row is there already: ${name}`);
  map.set(name, value);
};

/**
 * The ledger without a database: keeps what a batch writes, refuses what the constraints of the tables would, and gives the next batch
 * what the queries would find.
 */
export function createLab() {
  const accounts = new Map<string, Account>();
  const closed = new Set<string>();
  const grants = new Map<string, Grant & { readonly workspaceId: string }>();
  const holds = new Map<string, HoldRow>();
  const answers = new Map<string, { readonly fingerprint: string; readonly answer: unknown }>();
  const steps: StepRow[] = [];
  const entries: EntryRow[] = [];
  const recordings: Recording[] = [];
  const recharges: { readonly workspaceId: string; readonly id: string }[] = [];
  let named = 0;
  const newId = (): string => {
    named += 1;
    return `019aa2c4-2222-7cc3-98a5-${named.toString(16).padStart(12, '0')}`;
  };
  const grantName = (workspaceId: string, seq: bigint) => `${workspaceId} ${seq}`;
  const ofWorkspace = <Row extends { readonly workspaceId: string }>(rows: Iterable<Row>, workspaceId: string): Row[] =>
    [...rows].filter((row) => row.workspaceId === workspaceId);
  const entriesOf = (workspaceId: string) => ofWorkspace(entries, workspaceId);

  function originalOf(workspaceId: string, id: string): Original | null {
    const own = entriesOf(workspaceId);
    const entry = own.find((one) => one.id === id);
    if (!entry) return null;
    const { seq, type, amount, burns, referenceId, createdAt } = entry;
    const isReversed = own.some(({ reversesId }) => reversesId === id);
    return { id, seq, type, amount, burns, referenceId, createdAt, isReversed };
  }

  /** What the queries of the product would read for these items. */
  function sheetFor(items: readonly Item[], now: Date): Sheet {
    const books = new Map<string, { account: Account; grants: Grant[] }>();
    const named = new Map<string, HoldRow>();
    const originals = new Map<string, Original>();
    for (const { workspaceId } of items.map(({ acting }) => acting)) {
      const account = accounts.get(workspaceId);
      if (!account || closed.has(workspaceId) || books.has(workspaceId)) continue;
      const reversed = items.flatMap(({ acting, command }) =>
        acting.workspaceId === workspaceId && command.kind === 'reverse' ? [command.transactionId] : [],
      );
      const returning = new Set<bigint>();
      for (const id of reversed) {
        const original = originalOf(workspaceId, id);
        if (!original) continue;
        originals.set(inWorkspace(workspaceId, id), original);
        returning.add(original.seq);
        for (const { grantSeq } of original.burns) returning.add(grantSeq);
      }
      const visible = ofWorkspace(grants.values(), workspaceId)
        .filter((grant) => grant.remaining > 0n || returning.has(grant.seq))
        .map(({ workspaceId: _, ...grant }) => grant)
        .sort(inBurnOrder);
      books.set(workspaceId, { account, grants: visible });
      for (const hold of ofWorkspace(holds.values(), workspaceId)) {
        const isNamed = items.some(({ command }) => 'holdId' in command && command.holdId === hold.id);
        if (isNamed || (hold.state === 'open' && hold.expiresAt <= now))
          named.set(inWorkspace(workspaceId, hold.id), hold);
      }
    }
    const transactions = new Map(
      entries.map((entry) => [inWorkspace(entry.workspaceId, entry.id), toTransactionDto(entry)]),
    );
    return { now, books, holds: named, originals, answers, transactions };
  }

  function write(changes: Changes): void {
    for (const [workspaceId, account] of changes.accounts) {
      const { balance, held, debt } = account;
      if (held < 0n || balance < held || debt < 0n || (debt > 0n && balance !== held)) {
        throw new Error(`A constraint refuses balance ${balance}, held ${held}, debt ${debt}.`);
      }
      accounts.set(workspaceId, account);
    }
    for (const entry of changes.entries) {
      if (entry.seq !== BigInt(entriesOf(entry.workspaceId).length + 1)) throw new Error(`A gap before ${entry.seq}.`);
      entries.push(entry);
    }
    for (const grant of changes.newGrants) once(grants, grantName(grant.workspaceId, grant.seq), grant);
    for (const grant of changes.changedGrants) {
      if (!grants.has(grantName(grant.workspaceId, grant.seq))) throw new Error('An unknown grant changed.');
      grants.set(grantName(grant.workspaceId, grant.seq), grant);
    }
    for (const { remaining, amount } of grants.values()) {
      if (remaining < 0n || remaining > amount) throw new Error(`A constraint refuses ${remaining} of ${amount}.`);
    }
    for (const hold of changes.newHolds) once(holds, inWorkspace(hold.workspaceId, hold.id), hold);
    for (const hold of changes.changedHolds) {
      if (!holds.has(inWorkspace(hold.workspaceId, hold.id))) throw new Error('An unknown hold changed.');
      holds.set(inWorkspace(hold.workspaceId, hold.id), hold);
    }
    for (const { owner, keyed, answer } of changes.answers) {
      const name = answerName(owner, keyed);
      // As a column of JSON gives it back.
      once(answers, name, { fingerprint: keyed.fingerprint, answer: JSON.parse(JSON.stringify(answer)) });
    }
    steps.push(...changes.holdSteps);
    recharges.push(...changes.recharges);
    recordings.push(...changes.recordings);
  }

  /** Decides the items as one batch and keeps what it writes. */
  function apply(items: readonly Item[], now: Date): readonly Outcome[] {
    const { outcomes, changes } = decideBatch(sheetFor(items, now), items, newId);
    write(changes);
    return outcomes;
  }

  /** What the projections of an account say, as the verification reads them. */
  function snapshotOf(workspaceId: string): Snapshot {
    const account = accounts.get(workspaceId);
    if (!account) throw new Error('There is no such account.');
    const open = ofWorkspace(holds.values(), workspaceId).filter(({ state }) => state === 'open');
    return {
      account,
      grants: ofWorkspace(grants.values(), workspaceId).filter(
        ({ remaining, expired }) => remaining > 0n || expired > 0n,
      ),
      lastSeq: BigInt(ofWorkspace(entries.values(), workspaceId).length),
      openHolds: open.length,
      heldByHolds: open.reduce((sum, hold) => sum + remainingOf(hold), 0n),
      strayHold: null,
    };
  }

  return {
    open: (workspaceId: string, account: Account) => once(accounts, workspaceId, account),
    close: (workspaceId: string) => closed.add(workspaceId),
    ...{ apply, entriesOf, snapshotOf },
    holdsOf: (workspaceId: string) => ofWorkspace(holds.values(), workspaceId),
    grantsOf: (workspaceId: string) => ofWorkspace(grants.values(), workspaceId),
    /** Everything that is kept, to be compared. */
    state: () => ({ accounts, grants, holds, answers, steps, entries, recordings, recharges }),
  };
}

export type Lab = ReturnType<typeof createLab>;
