import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { MigrationError } from './errors.ts';

/** Not the engine's own key: it takes that one on another connection, while we hold this one. */
const LOCK_KEY = `hashtextextended('morket:migrations', 0)`;
const POLL_EVERY_MS = 100;

/**
 * Runs `work` while no other process migrates the same database; throws MigrationError `locked` after `timeoutMs`.
 * The lock lives on a session of its own, so it ends with this process however that ends. It does not hold through a
 * pooler in transaction mode: migrate over a direct connection.
 */
export async function withMigrationLock<T>(databaseUrl: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'morket migrations (lock)',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // Losing the session loses the lock; the engine's own lock still keeps two runs apart.
  client.on('error', () => {});
  await client.connect();
  try {
    await waitForLock(client, timeoutMs);
    return await work();
  } finally {
    await client.end();
  }
}

/** Polls instead of waiting in the server: a waiting statement holds a snapshot, on which CREATE INDEX CONCURRENTLY would wait. */
async function waitForLock(client: pg.Client, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock(${LOCK_KEY}) as locked`);
    if (rows[0]?.locked) return;
    if (Date.now() >= deadline) throw await lockedError(client, timeoutMs);
    await delay(POLL_EVERY_MS);
  }
}

async function lockedError(client: pg.Client, timeoutMs: number): Promise<MigrationError> {
  const { rows } = await client.query<{ pid: number; client: string | null }>(
    `select l.pid, host(a.client_addr) as client
       from pg_locks l left join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.granted and l.objsubid = 1
        and (l.classid::bigint << 32) | l.objid::bigint = ${LOCK_KEY}`,
  );
  const holder = rows.map(({ pid, client: address }) => `backend ${pid} from ${address ?? 'this machine'}`).join(', ');
  return new MigrationError(
    'locked',
    `Another process has been migrating this database for more than ${timeoutMs / 1000} s (${holder || 'it just ended'}). ` +
      'Wait for it and start again; if it hangs, end it with: select pg_terminate_backend(<backend>).',
  );
}
