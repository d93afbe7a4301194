import { randomUUID } from 'node:crypto';
import type { Capture, CreditTransaction, Hold, Movement } from '@morket/contract/billing';
import { DomainError } from '@morket/contract/errors';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '@morket/domain/access';
import {
  createBillingService,
  createHoldService,
  createLedger,
  createRecharger,
  createRechargeService,
  settleOverdue,
} from '@morket/domain/billing';
import { createSimulatedGateway } from '@morket/domain/payment';
import { expect } from 'vitest';
import type { HoldShown, LedgerCall, Said } from './ledger-call.ts';
import type { LedgerSubject } from './ledger-commands.ts';

const HOUR_MS = 3_600_000;
const HALF_AN_HOUR_MS = HOUR_MS / 2;
const about = { description: 'test' };

/** Ids of another tenant. */
export type Foreign = { readonly holdId: string; readonly transactionId: string };

/**
 * The product's ledger over `dbs`, one for each process, in terms of the model. Recharges wait until they are worked on, so that nothing
 * happens beside what was asked.
 */
export function createRealLedger(deps: {
  readonly dbs: readonly [Db, Db];
  readonly scope: WorkspaceScope;
  readonly startMs: number;
  readonly foreign: Foreign;
  readonly pass: (hours: number) => Promise<void>;
}) {
  const { dbs, scope, startMs, foreign, pass } = deps;
  const { workspaceId } = scope;
  const [db] = dbs;
  let isDue = false;
  const onRecharge = () => {
    isDue = true;
  };
  const processes = dbs.map((one) => {
    const ledger = createLedger({ db: one, onRecharge });
    return {
      ledger,
      billing: createBillingService({ db: one, ledger }),
      holds: createHoldService({ db: one, ledger }),
    };
  });
  const [first] = processes;
  if (!first) throw new Error('There are two processes.');
  const gateway = createSimulatedGateway({ callbackSecrets: ['of the test'] });
  const log = { error: () => undefined, warn: () => undefined };
  const recharger = createRecharger({ db, ledger: first.ledger, gateway, creditPriceMinor: 1, currency: 'usd', log });
  const recharges = createRechargeService({ db, gateway, currency: 'usd', onRecharge });

  const idOfHold = new Map([['foreign', foreign.holdId]]);
  const nameOfHold = new Map<string, string>();
  const answers = new Map<string, unknown>();

  const entryIds = [foreign.transactionId];

  const entryOf = async ({ id, type, amount, balanceAfter: after }: CreditTransaction) => {
    const row = await db.read.creditTransaction.findFirst({ where: { workspaceId, id }, select: { seq: true } });
    return { seq: Number(row?.seq), type, amount, after };
  };
  const holdOf = ({ id, amount, captured, remaining, state }: Hold, name: string): HoldShown => {
    // Under a key the first hold is given again.
    const known = nameOfHold.get(id) ?? name;
    nameOfHold.set(id, known);
    idOfHold.set(known, id);
    return { name: known, amount, captured, remaining, state };
  };
  const moved = async ({ transaction, balance }: Movement): Promise<Said> => ({
    entry: await entryOf(transaction),
    balance,
  });

  /** The promise of an answer, and how to say it in the terms of the model. */
  function given<Answer>(call: LedgerCall, answer: Promise<Answer>, say: (answer: Answer) => Promise<Said> | Said) {
    return answer.then(
      async (value) => {
        const id = `${call.kind} ${call.key}`;
        const earlier = call.key === null ? value : (answers.get(id) ?? value);
        expect(value, 'the same answer for ever').toEqual(earlier);
        answers.set(id, value);
        return say(value);
      },
      (err: unknown): Said => {
        if (err instanceof DomainError) return { code: err.code, details: err.details };
        throw err;
      },
    );
  }

  async function perform(call: LedgerCall, process: number): Promise<Said> {
    const { billing, holds } = processes[process] ?? first ?? {};
    if (!billing || !holds) throw new Error('There is no such process.');
    const keyed = call.key === null ? {} : { idempotencyKey: call.key };
    switch (call.kind) {
      case 'credit': {
        const { amount, priority, expires } = call;
        const expiry =
          expires === null ? {} : { expiresAt: new Date(startMs + expires * HOUR_MS - HALF_AN_HOUR_MS).toISOString() };
        return given(call, billing.addCredits(scope, { amount, priority, ...expiry, ...about, ...keyed }), moved);
      }
      case 'debit':
        return given(call, billing.debit(scope, { amount: call.amount, ...about, ...keyed }), moved);
      case 'hold': {
        const expiresInSeconds = (call.hours * HOUR_MS - HALF_AN_HOUR_MS) / 1_000;
        const input = { amount: call.amount, expiresInSeconds, ...about, ...keyed };
        return given(call, holds.create(scope, input), (hold) => ({ hold: holdOf(hold, call.name) }));
      }
      case 'capture': {
        const { amount, final, hold } = call;
        const input = { holdId: idOfHold.get(hold) ?? randomUUID(), amount, final, ...keyed };
        return given(call, holds.capture(scope, input), async (capture: Capture) => ({
          ...(await moved(capture)),
          hold: holdOf(capture.hold, hold),
        }));
      }
      case 'release': {
        const input = { holdId: idOfHold.get(call.hold) ?? randomUUID(), ...keyed };
        return given(call, holds.release(scope, input), (hold) => ({ hold: holdOf(hold, call.hold) }));
      }
      case 'reverse': {
        const input = { transactionId: entryIds[call.seq] ?? randomUUID(), reason: 'test', ...keyed };
        return given(call, billing.reverse(scope, input), moved);
      }
    }
  }

  const subject: LedgerSubject = {
    perform,
    pass,
    recharge: async () => {
      while (isDue) {
        isDue = false;
        await recharger.work(workspaceId);
      }
    },
    sweep: async () => {
      const onFailure = (err: unknown) => {
        throw err;
      };
      await settleOverdue({ db, ledger: first.ledger, onFailure });
    },
    setLimit: async (creditLimit) => {
      await first.billing.setCreditLimit(scope, { creditLimit });
    },
    books: async () => {
      // Before the next calls are made, which have to reach the ledger in the order in which they are.
      const entries = { workspaceId, seq: { gte: entryIds.length } };
      const rows = await db.read.creditTransaction.findMany({
        where: entries,
        orderBy: { seq: 'asc' },
        select: { id: true },
      });
      entryIds.push(...rows.map(({ id }) => id));
      const row = await db.read.billingAccount.findUniqueOrThrow({ where: { workspaceId } });
      return { balance: Number(row.balance), held: Number(row.held), debt: Number(row.debt) };
    },
  };
  return {
    subject,
    recharges,
    /** Holds by the names they have in the model. */
    holds: async () =>
      (await db.read.creditHold.findMany({ where: { workspaceId } })).map((hold) => ({
        name: nameOfHold.get(hold.id),
        ...{ amount: Number(hold.amount), captured: Number(hold.captured), state: hold.state },
      })),
    /** What is left of the open grants, by the number of the entry. */
    grants: async () => {
      const rows = await db.read.creditGrant.findMany({
        where: { workspaceId, isOpen: true },
        orderBy: { seq: 'asc' },
      });
      return rows.map(({ seq, remaining }) => [Number(seq), Number(remaining)]);
    },
  };
}
