import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuditChainer } from '@morket/domain/audit';
import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { runCommand } from '@morket/testing/api-process';
import { withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const world = useWorld();
let dataDir: string;
let tenant: Tenant;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'morket-audit-'));
  tenant = await aTenant(world, { credits: 100 });
  await vi.waitFor(async () => {
    await createAuditChainer(world).run();
    expect(await world.services.auditVerifier.verify(tenant.scope)).toMatchObject({ entries: 3, waiting: 0 });
  }, 20_000);
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const audit = (...args: readonly string[]) =>
  runCommand({ DATABASE_URL: world.databaseUrl, MORKET_DATA_DIR: dataDir }, 'commands/audit.ts', ...args);

test('an intact log is reported as such, one line for each workspace', async () => {
  const other = await aTenant(world);
  const { code, stdout } = await audit('verify');
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^${tenant.id} +3 +0 +0  intact    [0-9a-f]{64}$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^${other.id} +0 +2 +0  intact    -$`, 'm'));
  expect(stdout).toContain('2 audit logs, 0 diverge.');
});

test('one workspace can be asked about', async () => {
  const { code, stdout } = await audit('verify', tenant.id.toUpperCase());
  expect(code).toBe(0);
  expect(stdout).toContain('1 audit logs, 0 diverge.');
});

test.each([[], ['look'], ['verify', 'nothing'], ['verify', crypto.randomUUID()]])(
  'a wrong call %j is answered with exit code 2',
  async (...args) => {
    const { code, stderr } = await audit(...args);
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
  },
);

test('an entry changed behind the back of the application is named, with exit code 1', async () => {
  const id = await withClient(world.databaseUrl, async (client) => {
    await client.query('alter table audit_log disable trigger audit_log_append_only');
    const { rows } = await client.query<{ id: string }>(
      `update audit_log set changes = '{"after": {}, "before": {}}' where workspace_id = $1 and action = 'billing.credited' returning id`,
      [tenant.id],
    );
    await client.query('alter table audit_log enable trigger audit_log_append_only');
    return rows[0]?.id;
  });
  const { code, stdout } = await audit('verify', tenant.id);
  expect(code).toBe(1);
  expect(stdout).toContain('DIVERGES');
  expect(stdout).toContain(`hash: entry 3 is not what was written, or an entry before it is not (${id})`);
});
