import { createTestDatabase, type TestDatabase, withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Rules that the schema as a whole keeps, read from what PostgreSQL itself says of it. */
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function names(sql: string): Promise<string[]> {
  const { rows } = await withClient(database.url, (client) => client.query<{ name: string }>(sql));
  return rows.map(({ name }) => name).sort();
}

/** Histories and kept answers outlive what they tell of, so no foreign key ties them to it. */
const WITHOUT_FOREIGN_KEY = ['audit_chains', 'audit_log', 'dead_letters', 'idempotency_keys', 'outbox'];

const TENANT_TABLES = `
  select c.oid, c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'workspace_id' and not a.attisdropped`;

describe('tenants', () => {
  test('every table with workspace_id has a foreign key on it, except the named logs', async () => {
    const unbound = await names(`
      select t.relname as name from (${TENANT_TABLES}) t
       where not exists (select from pg_constraint f join pg_attribute a on a.attrelid = f.conrelid and a.attnum = any (f.conkey)
                          where f.contype = 'f' and f.conrelid = t.oid and a.attname = 'workspace_id')`);
    expect(unbound).toEqual(WITHOUT_FOREIGN_KEY);
  });

  test('every foreign key between two tables of tenants holds workspace_id on both sides, in the same place', async () => {
    const loose = await names(`
      with tenant as (${TENANT_TABLES})
      select f.conname as name from pg_constraint f
        join tenant child on child.oid = f.conrelid join tenant parent on parent.oid = f.confrelid
       where f.contype = 'f' and not exists (
         select from unnest(f.conkey, f.confkey) as pair (own, theirs)
           join pg_attribute a on a.attrelid = f.conrelid and a.attnum = pair.own and a.attname = 'workspace_id'
           join pg_attribute b on b.attrelid = f.confrelid and b.attnum = pair.theirs and b.attname = 'workspace_id')`);
    expect(loose).toEqual([]);
  });

  test('workspace_id is required everywhere but in the logs, where an event may be nobody’s', async () => {
    const optional = await names(`
      select t.relname as name from (${TENANT_TABLES}) t join pg_attribute a on a.attrelid = t.oid
       where a.attname = 'workspace_id' and not a.attnotnull`);
    expect(optional).toEqual(['audit_log', 'dead_letters', 'outbox']);
  });
});

describe('indexes', () => {
  test('every foreign key has an index that begins with its columns, or one of just the rows in which it points somewhere', async () => {
    const bare = await names(`
      select f.conname as name from pg_constraint f
       where f.contype = 'f' and f.connamespace = 'public'::regnamespace and not exists (
         select from pg_index i where i.indrelid = f.conrelid and i.indisvalid
            and (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey
            and (i.indpred is null or exists (
              select from pg_attribute a where a.attrelid = f.conrelid and a.attnum = any (f.conkey) and not a.attnotnull
                 and pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname))))`);
    expect(bare).toEqual([]);
  });

  test('every list has an index in its order', async () => {
    const present = await names(`
      select c.relname || ' ' || string_agg(pg_get_indexdef(i.indexrelid, k, true) || case when i.indoption[k - 1] & 1 = 1 then ' desc' else '' end, ', ' order by k) as name
        from pg_index i join pg_class c on c.oid = i.indrelid cross join generate_series(1, i.indnkeyatts) k
       where c.relnamespace = 'public'::regnamespace group by i.indexrelid, c.relname`);
    const wanted = [
      'api_credentials workspace_id, created_at desc',
      'api_keys workspace_id, created_at desc',
      'audit_log txid, id',
      'audit_log workspace_id, action, created_at desc',
      'audit_log workspace_id, actor_id, created_at desc',
      'audit_log workspace_id, api_key_id, created_at desc',
      'audit_log workspace_id, created_at desc',
      'audit_log workspace_id, entity_type, entity_id, created_at desc',
      'credit_grants expires_at',
      'credit_grants workspace_id, priority, expires_at, seq',
      'credit_holds expires_at',
      'credit_holds workspace_id, created_at desc',
      'credit_holds workspace_id, expires_at',
      'credit_recharges workspace_id, created_at desc',
      'credit_transactions workspace_id, created_at desc',
      'credit_transactions workspace_id, seq',
      'invitations workspace_id, created_at desc',
      'jobs finished_at',
      'jobs workspace_id, created_at desc',
      'jobs workspace_id, kind, created_at desc',
      'jobs workspace_id, state, created_at desc',
      'memberships user_id, created_at desc',
      'dead_letters consumer, aggregate_type, aggregate_id, seq',
      'dead_letters workspace_id, parked_at desc',
      'outbox partition, seq',
      'outbox txid, seq',
      'outbox workspace_id, txid, seq',
      'processed_events processed_at',
      'rate_limits window_start',
      'request_answers created_at',
      'sessions user_id, created_at desc',
      'webhook_deliveries created_at',
      'webhook_deliveries workspace_id, created_at desc',
      'webhook_deliveries workspace_id, endpoint_id',
      'webhook_deliveries workspace_id, endpoint_id, aggregate_type, aggregate_id, seq, id',
      'webhook_deliveries workspace_id, endpoint_id, created_at desc',
      'webhook_deliveries workspace_id, endpoint_id, due_at',
      'webhook_endpoints workspace_id, created_at desc',
    ];
    for (const index of wanted) expect(present).toContain(index);
  });

  test('one address has one account and at most one open invitation to a workspace', async () => {
    const unique = await names(
      `select indexdef as name from pg_indexes where schemaname = 'public' and indexdef like 'CREATE UNIQUE%' and tablename in ('users', 'invitations')`,
    );
    expect(unique.some((definition) => /ON public\.users USING btree \(email\)$/.test(definition))).toBe(true);
    expect(
      unique.some((definition) =>
        /\(workspace_id, email\) WHERE .*accepted_at IS NULL.*revoked_at IS NULL/.test(definition),
      ),
    ).toBe(true);
  });
});

describe('histories', () => {
  test('ledger, journal of holds, audit log and its chain have triggers that are always on, against every way of changing a row', async () => {
    const triggers = await names(`
      select c.relname || ' ' || string_agg(event, ' ' order by event) as name
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        cross join lateral (values ('delete', 8), ('update', 16), ('truncate', 32)) as kind (event, bit)
       where not t.tgisinternal and t.tgenabled = 'O' and t.tgtype & 2 = 2 and t.tgtype & kind.bit = kind.bit
       group by c.relname`);
    expect(triggers).toEqual([
      'audit_links delete truncate update',
      'audit_log delete truncate update',
      'credit_hold_steps delete truncate update',
      'credit_transactions delete truncate update',
    ]);
  });
});

test('only counters may be forgotten in a crash', async () => {
  expect(
    await names(
      `select relname as name from pg_class where relkind = 'r' and relpersistence = 'u' and relnamespace = 'public'::regnamespace`,
    ),
  ).toEqual(['rate_limits']);
});

test('money is counted in whole numbers, and time with its zone', async () => {
  const columns = `select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public' and table_name <> '_prisma_migrations'`;
  expect(await names(`${columns} and data_type in ('numeric', 'real', 'double precision', 'money')`)).toEqual([]);
  expect(await names(`${columns} and data_type in ('timestamp without time zone', 'time without time zone')`)).toEqual(
    [],
  );
});
