import { expect, test } from 'vitest';
import { createTestDatabase, useTestDatabase, withClient } from './template-database.ts';

const database = useTestDatabase();

test('a test database is migrated and holds no rows of others', async () => {
  const other = await createTestDatabase();
  await withClient(other.url, (client) => client.query('create table only_here (id int)'));
  const tables = await withClient(database.url, (client) =>
    client.query(`select to_regclass('_prisma_migrations')::text as history, to_regclass('only_here') as only_here`),
  );
  expect(tables.rows).toEqual([{ history: '_prisma_migrations', only_here: null }]);
  await other.drop();
});

test('many are made at once, and drop() ends the connections to its own', async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => createTestDatabase()));
  expect(new Set(made.map(({ url }) => url)).size).toBe(8);
  await Promise.all(
    made.map(({ url, drop }) =>
      withClient(url, async (client) => {
        client.on('error', () => {});
        await drop();
        await expect(client.query('select 1')).rejects.toThrow();
      }),
    ),
  );
});
