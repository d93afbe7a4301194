import { Unavailable } from '@morket/contract/errors';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { CommitUnknown } from './commit-unknown.ts';
import { PrismaClient } from './generated-prisma/client.ts';
import { isOutOfService, isRepeatable } from './sql-state.ts';
import type { Db, Reader, Tx } from './tx.ts';

const MAX_TRIES = 5;
const BACKOFF_FLOOR_MS = 5;
const BACKOFF_CEILING_MS = 200;
const CONNECT_TIMEOUT_MS = 3_000;
const TRANSACTION_TIMEOUT_MS = 10_000;

type Options = {
  readonly url: string;
  /** Connections of this process; small, because more only queue inside PostgreSQL. */
  readonly poolSize?: number;
  readonly onPoolError?: (err: Error) => void;
};

/** Full jitter, growing with each try: retries without spacing are spent within milliseconds. */
const backoffMs = (attempt: number, random: number) =>
  BACKOFF_FLOOR_MS + random * Math.min(BACKOFF_CEILING_MS, BACKOFF_FLOOR_MS * 2 ** (attempt + 1));

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const unavailableIfAway = (err: unknown): unknown =>
  isOutOfService(err) ? Unavailable({ retryAfterSeconds: 1 }, err) : err;

async function guard<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement();
  } catch (err) {
    throw unavailableIfAway(err);
  }
}

/** Opens the pool of this process. Connections are made on demand; `ping` tells whether the server is there. */
export function createDb(options: Options): Db {
  const { url, poolSize = 10, onPoolError = () => undefined } = options;
  const adapter = new PrismaPg(
    {
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: 10_000,
      lock_timeout: 5_000,
      idle_in_transaction_session_timeout: 10_000,
      maxLifetimeSeconds: 1_800,
      keepAlive: true,
      application_name: 'morket',
    },
    { onPoolError, onConnectionError: onPoolError },
  );
  const prisma = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: CONNECT_TIMEOUT_MS, timeout: TRANSACTION_TIMEOUT_MS },
  });
  // Interactive transactions are guarded as a whole, single statements one by one.
  const guarded = prisma.$extends({
    query: { $allOperations: ({ args, query }) => guard(() => query(args)) },
  });
  // Readiness must not queue behind a pool that reports have filled.
  const health = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 1_000, allowExitOnIdle: true });
  health.on('error', onPoolError);

  async function transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      let isCommitting = false;
      try {
        return await prisma.$transaction(async (client) => {
          // The brand is granted here and nowhere else: this callback runs inside the transaction.
          const result = await work(client as Reader as Tx);
          isCommitting = true;
          return result;
        });
      } catch (err) {
        // From here on "try again" would be wrong advice: the commit may have arrived.
        if (isCommitting && isOutOfService(err)) throw new CommitUnknown(err);
        if (attempt + 1 >= MAX_TRIES || !isRepeatable(err)) throw unavailableIfAway(err);
        await pause(backoffMs(attempt, jitter()));
      }
    }
  }

  async function ping(timeoutMs: number): Promise<void> {
    await health.query({ text: 'select 1', query_timeout: timeoutMs } as pg.QueryConfig); // pg's types lack query_timeout
  }

  async function close(): Promise<void> {
    await Promise.all([prisma.$disconnect(), health.end()]);
  }

  // The extended client has the same calls; its type costs four times as much to check wherever it goes.
  return { read: guarded as unknown as Reader, transaction, ping, close };
}

/** 0 ≤ x < 1. */
function jitter(): number {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return word / 2 ** 32;
}
