import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { runCommand } from '@morket/testing/api-process';
import { withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll, expect, test } from 'vitest';

const world = useWorld();
let dataDir: string;
let tenant: Tenant;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'morket-ledger-'));
  tenant = await aTenant(world, { credits: 100 });
  await world.services.billing.debit(tenant.scope, { amount: 30, description: 'a run' });
  await world.services.holds.create(tenant.scope, { amount: 20, description: 'a run' });
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const ledger = (...args: readonly string[]) =>
  runCommand({ DATABASE_URL: world.databaseUrl, MORKET_DATA_DIR: dataDir }, 'commands/ledger.ts', ...args);

test('intact books are reported as such, one line for each workspace', async () => {
  const other = await aTenant(world);
  const { code, stdout } = await ledger('verify');
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^${tenant.id} +2 +70 +20  intact    [0-9a-f]{64}$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^${other.id} +0 +0 +0  intact    -$`, 'm'));
  expect(stdout).toContain('2 ledgers, 0 diverge.');
});

test('one workspace can be asked about', async () => {
  const { code, stdout } = await ledger('verify', tenant.id.toUpperCase());
  expect(code).toBe(0);
  expect(stdout).toContain('1 ledgers, 0 diverge.');
});

test.each([[], ['look'], ['verify', 'nothing'], ['verify', crypto.randomUUID()]])(
  'a wrong call %j is answered with exit code 2',
  async (...args) => {
    const { code, stderr } = await ledger(...args);
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
  },
);

test('an entry changed behind the back of the application is named, with exit code 1', async () => {
  await withClient(world.databaseUrl, async (client) => {
    await client.query('alter table credit_transactions disable trigger credit_transactions_append_only');
    await client.query('update credit_transactions set description = $1 where workspace_id = $2 and seq = 2', [
      'another run',
      tenant.id,
    ]);
    await client.query('alter table credit_transactions enable trigger credit_transactions_append_only');
  });
  const { code, stdout } = await ledger('verify', tenant.id);
  expect(code).toBe(1);
  expect(stdout).toContain('DIVERGES');
  expect(stdout).toContain('hash: entry 2: ');
});
