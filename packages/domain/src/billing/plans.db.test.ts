import { anOrigin, aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { createTestDatabase, type TestDatabase, withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const TABLES = ['sessions', 'idempotency_keys', 'credit_transactions', 'credit_grants', 'credit_holds'] as const;
const FOREIGN_ROWS = 20_000;
/** Far more than this test has rows of its own, and far less than there are of others. */
const FEW = 2_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

type Client = Parameters<Parameters<typeof withClient>[1]>[0];

const about = { description: 'test' };
let keys = 0;
function aKey() {
  keys += 1;
  return { idempotencyKey: `key number ${keys}` };
}

/** Whatever finds its rows by key: a check of access, and every kind of movement, each of them asked for twice. */
async function useEverything({ services: { access, billing, holds } }: World, tenant: Tenant): Promise<void> {
  const { scope, owner } = tenant;
  const claims = await access.identify(owner.accessToken);
  const sources = { input: tenant.id, headers: [], subdomain: undefined };
  await access.workspaceScope(claims, anOrigin(), { sources, permission: 'billing:manage' });
  const twice = async <T>(work: () => Promise<T>) => {
    await work();
    return work();
  };
  const [added, spent, opened, taken, freed, undone] = [aKey(), aKey(), aKey(), aKey(), aKey(), aKey()];
  await twice(() => billing.addCredits(scope, { amount: 50, ...about, ...added }));
  const { transaction } = await twice(() => billing.debit(scope, { amount: 5, ...about, ...spent }));
  const hold = await twice(() => holds.create(scope, { amount: 10, ...about, ...opened }));
  await twice(() => holds.capture(scope, { holdId: hold.id, amount: 4, ...taken }));
  await twice(() => holds.release(scope, { holdId: hold.id, ...freed }));
  await twice(() => billing.reverse(scope, { transactionId: transaction.id, reason: 'test', ...undone }));
  await billing.get(scope);
}

/** Rows of others, past keys and triggers, so that nothing but the calls of the test reads. */
async function fillWithOthers(client: Client): Promise<void> {
  const rows = `generate_series(1, ${FOREIGN_ROWS})`;
  for (const statement of [
    "set session_replication_role = 'replica'",
    'create temp table others as select gen_random_uuid() as w from generate_series(1, 10)',
    `create temp table numbered as select n, w from (select n, n % 10 + 1 as no from ${rows} n) n
       join (select row_number() over () as no, w from others) o using (no)`,
    `insert into sessions (id, user_id, key_salt, idle_expires_at, absolute_expires_at)
       select gen_random_uuid(), w, ''::bytea, now() + interval '1 day', now() + interval '1 day' from numbered`,
    `insert into idempotency_keys (workspace_id, principal_id, procedure, key, fingerprint, answer)
       select w, w, 'billing.debit', n::text, ''::bytea, '{}' from numbered`,
    `insert into credit_transactions (id, workspace_id, seq, amount, type, description, balance_after, burns, hash)
       select gen_random_uuid(), w, n, 1, 'credit', 'test', n, '{}', ''::bytea from numbered`,
    `insert into credit_grants (workspace_id, seq, amount, remaining, priority)
       select w, n, 1, 1, 50 from numbered`,
    `insert into credit_holds (workspace_id, id, amount, description, expires_at, created_by, created_at)
       select w, gen_random_uuid(), 1, 'test', now() + interval '1 day', w, now() from numbered`,
  ]) {
    await client.query(statement);
  }
}

/** Rows and index entries that were read, of each table. */
async function readsOf(client: Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ name: string; reads: number }>(
    `select t.relname as name,
            (t.seq_tup_read + t.idx_tup_fetch + (select sum(i.idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid))::int
              as reads
       from pg_stat_user_tables t where t.relname = any($1)`,
    [TABLES],
  );
  return Object.fromEntries(rows.map(({ name, reads }) => [name, reads]));
}

test('plans that were made for empty tables still find single rows when the tables are full', async () => {
  const reads = await withClient(database.url, async (client) => {
    for (const table of TABLES) {
      await client.query(`alter table ${table} set (autovacuum_enabled = false)`);
      await client.query(`analyze ${table}`);
    }
    await client.query('select pg_stat_reset()');
    const world = await createWorld({ databaseUrl: database.url });
    try {
      const tenant = await aTenant(world);
      await useEverything(world, tenant);
      await fillWithOthers(client);
      await useEverything(world, tenant);
    } finally {
      // The connections that made the plans tell what they read when they end.
      await world.close();
    }
    await vi.waitFor(async () => {
      const { rows } = await client.query(
        "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'",
      );
      expect(rows).toEqual([]);
    });
    return readsOf(client);
  });
  for (const table of TABLES) {
    expect(reads[table], `${table} was read at all`).toBeGreaterThan(0);
    expect(reads[table], `reads of ${table}`).toBeLessThan(FEW);
  }
});
