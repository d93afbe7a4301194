import { withClient } from '@morket/testing/template-database';
import { expect, test } from 'vitest';
import { eventually, useAuditLab } from '../../test/audit-lab.ts';
import { createAuditChainer } from './chainer.ts';
import { createAuditRetention } from './retention.ts';
import { createAuditVerifier } from './verifier.ts';

const lab = useAuditLab();
const DAY_MS = 86_400_000;
const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY_MS);
const verify = (id: string) => createAuditVerifier({ db: lab.db }).verifyWorkspace(id);
const alarms: string[] = [];
const prune = () =>
  createAuditRetention({ db: lab.db, onDivergence: (workspaceId) => alarms.push(workspaceId) }).run(new Date());

async function chained(workspaceId: string, entries: number): Promise<void> {
  await eventually(async () => {
    await createAuditChainer({ db: lab.db }).run();
    expect(await verify(workspaceId)).toMatchObject({ intact: true, waiting: 0, entries });
  });
}

test('what is older than the plan keeps goes, and what is left still proves itself', async () => {
  const workspaceId = await lab.aWorkspace();
  await lab.write(workspaceId, 3, daysAgo(31));
  const young = await lab.write(workspaceId, 2, daysAgo(29));
  await chained(workspaceId, 5);
  const before = await verify(workspaceId);
  expect(await prune()).toBe(3);
  expect(await lab.entriesOf(workspaceId)).toEqual(young);
  expect(await lab.linked(workspaceId)).toEqual(young);
  expect(await verify(workspaceId)).toEqual({ ...before, entries: 2, prunedEntries: 3 });
  expect(await prune()).toBe(0);

  // The chain goes on behind what is left, and the next prefix behind the first one.
  const [newest] = await lab.write(workspaceId, 1);
  await chained(workspaceId, 3);
  await lab.tamper('update audit_log set action = $2 where id = $1', [newest, 'thing.hidden']);
  expect(await verify(workspaceId)).toMatchObject({ intact: false, divergence: { check: 'hash', entryId: newest } });
});

test('a plan decides how long: the same entries stay in a larger one', async () => {
  const workspaces = [await lab.aWorkspace('free'), await lab.aWorkspace('pro'), await lab.aWorkspace('enterprise')];
  for (const workspaceId of workspaces)
    for (const days of [3_000, 400, 100, 10]) await lab.write(workspaceId, 1, daysAgo(days));
  for (const workspaceId of workspaces) await chained(workspaceId, 4);
  expect(await prune()).toBe(3 + 2 + 1);
  const left = await Promise.all(workspaces.map(async (id) => (await lab.entriesOf(id)).length));
  expect(left).toEqual([1, 2, 3]);
  for (const workspaceId of workspaces) expect(await verify(workspaceId)).toMatchObject({ intact: true });
});

test('only the beginning of a chain goes: an old entry behind a young one stays', async () => {
  const workspaceId = await lab.aWorkspace();
  for (const days of [40, 5, 50]) await lab.write(workspaceId, 1, daysAgo(days));
  await chained(workspaceId, 3);
  expect(await prune()).toBe(1);
  expect(await verify(workspaceId)).toMatchObject({ intact: true, entries: 2, prunedEntries: 1 });
});

test('everything may go; the chain goes on where it was', async () => {
  const workspaceId = await lab.aWorkspace();
  await lab.write(workspaceId, 3, daysAgo(31));
  await chained(workspaceId, 3);
  expect(await prune()).toBe(3);
  expect(await verify(workspaceId)).toMatchObject({ intact: true, entries: 0, prunedEntries: 3 });
  await lab.write(workspaceId, 1);
  await chained(workspaceId, 1);
});

test('entries without a place in the chain stay, however old', async () => {
  const workspaceId = await lab.aWorkspace();
  await lab.write(workspaceId, 2, daysAgo(31));
  expect(await prune()).toBe(0);
  expect(await lab.entriesOf(workspaceId)).toHaveLength(2);
  await chained(workspaceId, 2);
  expect(await prune()).toBe(2);
});

test('a forged beginning stays for whoever looks into it, and is told', async () => {
  const workspaceId = await lab.aWorkspace();
  const [, forged] = await lab.write(workspaceId, 3, daysAgo(31));
  await chained(workspaceId, 3);
  await lab.tamper(`update audit_log set action = 'thing.hidden' where id = $1`, [forged]);
  expect(await prune()).toBe(1);
  expect(alarms).toContain(workspaceId);
  expect(await verify(workspaceId)).toMatchObject({ intact: false, entries: 0, divergence: { entryId: forged } });
});

test('several at once remove what one would', async () => {
  const workspaceId = await lab.aWorkspace();
  await lab.write(workspaceId, 50, daysAgo(31));
  await chained(workspaceId, 50);
  const counts = await Promise.all(Array.from({ length: 4 }, prune));
  expect(counts.reduce((sum, count) => sum + count)).toBe(50);
  expect(await verify(workspaceId)).toMatchObject({ intact: true, entries: 0, prunedEntries: 50 });
});

/** SQLSTATE restrict_violation. */
const REFUSED = { code: '23001' };
const tries = (statements: readonly string[], values: readonly unknown[]) =>
  withClient(lab.url, async (client) => {
    await client.query('begin');
    for (const statement of statements.slice(0, -1)) await client.query(statement);
    return client.query(statements.at(-1) ?? '', [...values]);
  });
const OPEN_DOOR = `select set_config('morket.audit_prune', pg_current_xact_id()::text, true)`;

test.each([
  ['an entry', 'delete from audit_log where workspace_id = $1'],
  ['a link', 'delete from audit_links where workspace_id = $1'],
])('%s is not deleted in any other way', async (_, statement) => {
  const workspaceId = await lab.aWorkspace();
  await lab.write(workspaceId, 2, daysAgo(31));
  await chained(workspaceId, 2);
  await expect(tries([statement], [workspaceId])).rejects.toMatchObject(REFUSED);
  // Nor by whoever knows the setting: nothing of it is behind the anchor.
  await expect(tries([OPEN_DOOR, statement], [workspaceId])).rejects.toMatchObject(REFUSED);
  await expect(
    tries([`select set_config('morket.audit_prune', 'x', false)`, statement], [workspaceId]),
  ).rejects.toMatchObject(REFUSED);
  await expect(
    tries([OPEN_DOOR, 'update audit_log set action = action where workspace_id = $1'], [workspaceId]),
  ).rejects.toMatchObject(REFUSED);
  await expect(
    tries([OPEN_DOOR, 'update audit_links set seq = seq where workspace_id = $1'], [workspaceId]),
  ).rejects.toMatchObject(REFUSED);
  await expect(tries(['truncate audit_links'], [])).rejects.toMatchObject(REFUSED);
  expect(await verify(workspaceId)).toMatchObject({ intact: true, entries: 2 });
});

test('the door is shut again behind retention, within its own transaction', async () => {
  const workspaceId = await lab.aWorkspace();
  await lab.write(workspaceId, 1, daysAgo(31));
  const [kept] = await lab.write(workspaceId, 1, daysAgo(31));
  await chained(workspaceId, 2);
  await expect(
    tries(
      [
        `select prune_audit_log('${workspaceId}', 1, now() - interval '30 days')`,
        'delete from audit_log where id = $1',
      ],
      [kept],
    ),
  ).rejects.toMatchObject(REFUSED);
});

test('the function refuses what is younger than asked, a day old at most, or no link', async () => {
  const workspaceId = await lab.aWorkspace();
  await lab.write(workspaceId, 1, daysAgo(31));
  await lab.write(workspaceId, 1, daysAgo(0.5));
  await chained(workspaceId, 2);
  const call = (through: number, before: string) =>
    tries([`select prune_audit_log($1, ${through}, ${before})`], [workspaceId]);
  await expect(call(2, `now() - interval '30 days'`)).rejects.toMatchObject(REFUSED);
  await expect(call(2, 'now()')).rejects.toMatchObject(REFUSED);
  await expect(call(3, 'now()')).rejects.toMatchObject(REFUSED);
  await expect(call(0, 'now()')).resolves.toMatchObject({ rows: [{ prune_audit_log: 0 }] });
  expect(await verify(workspaceId)).toMatchObject({ intact: true, entries: 2 });
});

test('nobody but its owner may call it', async () => {
  const rows = await lab.db.read.$queryRaw<{ acl: string }[]>`
    select array_to_string(proacl, ' ') as acl from pg_proc where proname = 'prune_audit_log' and prosecdef`;
  expect(rows).toHaveLength(1);
  expect(rows[0]?.acl).not.toMatch(/(^| )=/);
});
