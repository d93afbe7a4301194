import { aTenant, useWorld } from '@morket/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReference, verifyReference } from './reference.ts';
import { verifyBooks } from './verify-books.ts';

const world = useWorld();
let sql: pg.Client;
beforeAll(async () => {
  sql = new pg.Client({ connectionString: world.databaseUrl });
  await sql.connect();
});
afterAll(() => sql.end());

const debit = (idempotencyKey?: string) => ({ amount: 1, description: 'Enriched a contact', idempotencyKey });

test('books agree with the debits that were acknowledged, and with no other number of them', async () => {
  const { id, scope } = await aTenant(world, { credits: 10 });
  await world.services.billing.debit(scope, debit('first-debit'));
  await world.services.billing.debit(scope, debit('second-debit'));
  await world.services.billing.debit(scope, debit('second-debit'));
  await verifyBooks(sql, [id], 2);
  await expect(verifyBooks(sql, [id], 1)).rejects.toThrow('1 debits were acknowledged, but 2 are there');
  await expect(verifyBooks(sql, [id], 3)).rejects.toThrow('3 debits were acknowledged, but 2 are there');
});

test('a debit without a verdict is noticed', async () => {
  const { id, scope } = await aTenant(world, { credits: 10 });
  await world.services.billing.debit(scope, debit());
  await expect(verifyBooks(sql, [id], 1)).rejects.toThrow('verdicts');
});

test('a balance that is not the sum of its entries is noticed', async () => {
  const { id, scope } = await aTenant(world, { credits: 10 });
  await world.services.billing.debit(scope, debit('only-debit'));
  await sql.query('update billing_accounts set balance = balance + 1 where workspace_id = $1', [id]);
  await expect(verifyBooks(sql, [id], 1)).rejects.toThrow('The books of 1 workspaces do not agree');
});

test('a reference that lost an entry is noticed', async () => {
  await createReference(sql);
  await verifyReference(sql);
  await sql.query(
    'update reference.accounts set balance = balance - 1, seq = seq + 1 where ctid = (select min(ctid) from reference.accounts)',
  );
  await expect(verifyReference(sql)).rejects.toThrow('1 reference accounts');
});
