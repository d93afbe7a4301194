import pg from 'pg';
import { createTestDatabase, type TestDatabase } from './template-database.ts';

/** A migrated database whose clock the test sets; from there time goes on. */
export type ClockedDatabase = TestDatabase & {
  /** Puts the clock to `at`; what was written keeps its times. */
  set(at: Date): Promise<void>;
  pass(span: { readonly hours: number }): Promise<void>;
};

/**
 * Functions that are found before PostgreSQL's own of the same name: `clock_timestamp()` and `now()` in statements go by them, the
 * defaults of columns and the clock of this process do not. Open worlds on it afterwards: a connection learns of them when it is made.
 */
export async function createClockedDatabase(): Promise<ClockedDatabase> {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const name = client.escapeIdentifier(new URL(database.url).pathname.slice(1));
  await client.query(`
    create table test_clock (shift interval not null);
    insert into test_clock values ('0');
    create function public.clock_timestamp() returns timestamptz language sql volatile
      as 'select pg_catalog.clock_timestamp() + (select shift from public.test_clock)';
    create function public.now() returns timestamptz language sql stable
      as 'select pg_catalog.now() + (select shift from public.test_clock)';
    alter database ${name} set search_path = public, pg_catalog`);
  return {
    url: database.url,
    async set(at) {
      await client.query('update test_clock set shift = $1::timestamptz - pg_catalog.clock_timestamp()', [at]);
    },
    async pass({ hours }) {
      await client.query('update test_clock set shift = shift + make_interval(hours => $1)', [hours]);
    },
    async drop() {
      await client.end();
      await database.drop();
    },
  };
}
