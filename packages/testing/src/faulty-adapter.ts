import { setTimeout as delay } from 'node:timers/promises';
import type { createDb } from '@morket/db';
import { type FaultPlan, type Loss, type TransactionPlan, UNHARMED } from './fault-plan.ts';

/** The driver adapter in Prisma's own types, taken from the seam that it is wrapped at. */
type WrapAdapter = NonNullable<Parameters<typeof createDb>[0]['wrapAdapter']>;
type Factory = Parameters<WrapAdapter>[0];
type Adapter = Awaited<ReturnType<Factory['connect']>>;
type Transaction = Awaited<ReturnType<Adapter['startTransaction']>>;
type Statements = Pick<Transaction, 'queryRaw' | 'executeRaw'>;
type Query = Parameters<Statements['executeRaw']>[0];

export type Faults = {
  /** For `createDb`, `compose` or `createWorld`. */
  readonly wrapAdapter: WrapAdapter;
  /** From now on transactions are counted from 0 and suffer what the plan says. */
  arm(plan: FaultPlan): void;
  /** Lets everything pass again; gives what was done since `arm`, one line a fault, in order. */
  disarm(): readonly string[];
};

/** The whole of an error as the adapter throws it; only `name` and `cause` count for Prisma. */
const adapterError = (cause: { readonly kind: string } & Readonly<Record<string, unknown>>): Error =>
  Object.assign(new Error(cause.kind, { cause }), { name: 'DriverAdapterError' });

const LOSS_ERRORS: Readonly<Record<Exclude<Loss, 'terminated'>, () => Error>> = {
  reset: () => adapterError({ kind: 'ConnectionClosed' }),
  // The adapter hands on what it does not know, so this one is pg's own.
  closed: () => new Error('Connection terminated unexpectedly'),
  conflict: () =>
    adapterError({
      kind: 'TransactionWriteConflict',
      originalCode: '40001',
      originalMessage: 'could not serialize access due to concurrent update',
    }),
};

const refused = () => adapterError({ kind: 'DatabaseNotReachable', host: '127.0.0.1', port: 5432 });

const raising = (sqlState: '40P01' | '40001', message: string) =>
  `do $$ begin raise exception '${message}' using errcode = '${sqlState}'; end $$`;
/** PostgreSQL raises them itself, so that the transaction is really aborted and the driver makes of them what it makes of any. */
const RAISE = {
  deadlock: raising('40P01', 'deadlock detected'),
  serializationFailure: raising('40001', 'could not serialize access due to concurrent update'),
} as const;
/** A backend that ends itself; the sleep is there to be interrupted. */
const END_BACKEND = 'select pg_terminate_backend(pg_backend_pid()), pg_sleep(10)';

const run = (on: Statements, sql: string) => on.executeRaw({ sql, args: [], argTypes: [] });

/** The error that PostgreSQL answers `sql` with. */
const errorOf = (on: Statements, sql: string): Promise<unknown> =>
  run(on, sql).then(
    () => new Error(`It was expected to fail: ${sql}`),
    (err: unknown) => err,
  );

async function fail(on: Statements, sql: string): Promise<never> {
  throw await errorOf(on, sql);
}

/** Really breaks the connection, and tells of it as `loss` does. */
async function lose(on: Statements, loss: Loss): Promise<never> {
  const err = await errorOf(on, END_BACKEND);
  // The driver hears of the end a little later; a connection given back before that would fail whoever takes it next.
  await errorOf(on, 'select 1');
  throw loss === 'terminated' ? err : LOSS_ERRORS[loss]();
}

/** `inner` with some of its calls replaced. */
const overlay = <T extends object>(inner: T, changes: Partial<T>): T => Object.assign(Object.create(inner), changes);

/**
 * Injects faults between Prisma and `@prisma/adapter-pg`. Errors of statements are raised by PostgreSQL, and lost connections are really
 * lost, so what is left behind is what a real fault leaves. Connections that are refused, reset or closed without a word are
 * told in the adapter's own shapes (`packages/db/src/faults.db.test.ts` compares them with real ones).
 */
export function createFaults(): Faults {
  let plan: FaultPlan | null = null;
  let begun = 0;
  let done: string[] = [];

  function nextTransaction(): { readonly mine: TransactionPlan; tell(at: string): void } {
    const ordinal = begun;
    begun += 1;
    const mine = plan?.(ordinal) ?? UNHARMED;
    const loss = mine.fault?.startsWith('lost') ? ` (${mine.loss})` : '';
    return { mine, tell: (at) => void done.push(`#${ordinal} ${mine.fault}${loss} at ${at}`) };
  }

  function wrapTransaction(inner: Transaction, { mine, tell }: ReturnType<typeof nextTransaction>): Transaction {
    let statements = 0;
    async function pass<T>(query: Query, send: () => Promise<T>): Promise<T> {
      if (query.sql === 'ROLLBACK') return send();
      if (query.sql === 'COMMIT') return commit(send);
      const index = statements;
      statements += 1;
      const delayMs = mine.delaysMs[index] ?? 0;
      if (delayMs > 0) await delay(delayMs);
      if (index === mine.statement) {
        const { fault } = mine;
        if (fault === 'deadlock' || fault === 'serializationFailure') {
          tell(`statement ${index}`);
          return fail(inner, RAISE[fault]);
        }
        if (fault === 'lostInStatement') {
          tell(`statement ${index}`);
          return lose(inner, mine.loss);
        }
      }
      return send();
    }
    async function commit<T>(send: () => Promise<T>): Promise<T> {
      const { fault, loss } = mine;
      if (fault !== 'serializationFailureAtCommit' && fault !== 'lostBeforeCommit' && fault !== 'lostAfterCommit')
        return send();
      tell('COMMIT');
      if (fault === 'lostBeforeCommit') return lose(inner, loss);
      if (fault === 'lostAfterCommit') {
        await send();
        return lose(inner, loss);
      }
      // A COMMIT that fails ends its transaction; one of an aborted transaction does so without an error.
      return fail(inner, RAISE.serializationFailure).finally(send);
    }
    return overlay(inner, {
      queryRaw: (query) => pass(query, () => inner.queryRaw(query)),
      executeRaw: (query) => pass(query, () => inner.executeRaw(query)),
    });
  }

  async function alone<T>(on: Statements, send: () => Promise<T>): Promise<T> {
    const { mine, tell } = nextTransaction();
    const { fault, loss, delaysMs } = mine;
    if (delaysMs[0]) await delay(delaysMs[0]);
    if (fault === null || fault === 'serializationFailureAtCommit') return send();
    tell('a single statement');
    if (fault === 'refused') throw refused();
    if (fault === 'deadlock' || fault === 'serializationFailure') return fail(on, RAISE[fault]);
    if (fault === 'lostAfterCommit') await send();
    return lose(on, loss);
  }

  async function connect(factory: Factory): Promise<Adapter> {
    const inner = await factory.connect();
    return overlay(inner, {
      queryRaw: (query) => alone(inner, () => inner.queryRaw(query)),
      executeRaw: (query) => alone(inner, () => inner.executeRaw(query)),
      startTransaction: async (isolationLevel) => {
        const next = nextTransaction();
        if (next.mine.fault === 'refused') {
          next.tell('BEGIN');
          throw refused();
        }
        return wrapTransaction(await inner.startTransaction(isolationLevel), next);
      },
    });
  }

  return {
    wrapAdapter: (factory) => overlay(factory, { connect: () => connect(factory) }),
    arm: (next) => {
      [plan, begun, done] = [next, 0, []];
    },
    disarm: () => {
      plan = null;
      return done;
    },
  };
}
