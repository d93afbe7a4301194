import { withClient } from '@morket/testing/template-database';
import { beforeEach, expect, test } from 'vitest';
import { eventually, insertEntry, useAuditLab } from '../../test/audit-lab.ts';
import { createAuditChainer } from './chainer.ts';
import { createAuditVerifier } from './verifier.ts';

const lab = useAuditLab();
const verify = (id: string) => createAuditVerifier({ db: lab.db }).verifyWorkspace(id);

let workspaceId: string;
let entries: readonly string[];
const entryOf = (seq: number): string => entries[seq - 1] ?? '';

async function chainAll(): Promise<void> {
  await eventually(async () => {
    await createAuditChainer({ db: lab.db }).run();
    expect(await verify(workspaceId)).toMatchObject({ waiting: 0 });
  });
}

/** Five chained entries, and a neighbour whose chain stays what it is. */
beforeEach(async () => {
  workspaceId = await lab.aWorkspace();
  entries = await lab.write(workspaceId, 5);
  await chainAll();
  expect(await verify(workspaceId)).toMatchObject({ intact: true, entries: 5, divergence: null });
});

/** The log is not intact, and this is the first thing that shows it. */
async function expectDivergence(divergence: Readonly<Record<string, unknown>>, intactEntries?: number) {
  const report = await verify(workspaceId);
  expect(report).toMatchObject({ intact: false, divergence });
  if (intactEntries !== undefined) expect(report?.entries).toBe(intactEntries);
}

const OTHER = 'c0ffee00-0000-4000-8000-000000000000';
test.each([
  ['actor_id', `'${OTHER}'`],
  ['actor_id', 'null'],
  ['impersonator_id', `'${OTHER}'`],
  ['api_key_id', `'${OTHER}'`],
  ['action', `'thing.deleted'`],
  ['entity_type', `'other'`],
  ['entity_id', `'other'`],
  ['changes', `'{"before": {"a": 1}, "after": {"a": 3}}'`],
  ['request_id', 'null'],
  ['created_at', `created_at - interval '1 millisecond'`],
  ['txid', `'1'`],
  ['workspace_id', `'${OTHER}'`],
])('a changed entry is found: %s = %s', async (column, value) => {
  await lab.tamper(`update audit_log set ${column} = ${value} where id = $1`, [entryOf(3)]);
  await expectDivergence({ check: 'hash', entryId: entryOf(3) }, 2);
});

test('a removed entry is found, in the middle and at the end', async () => {
  await lab.tamper('delete from audit_log where id = $1', [entryOf(5)]);
  await expectDivergence({ check: 'missing', entryId: entryOf(5) }, 4);
  await lab.tamper('delete from audit_log where id = $1', [entryOf(2)]);
  await expectDivergence({ check: 'missing', entryId: entryOf(2) }, 1);
});

test('an entry removed together with its link is found', async () => {
  await lab.tamper('delete from audit_log where id = $1', [entryOf(2)]);
  await lab.tamper('delete from audit_links where entry_id = $1', [entryOf(2)]);
  await expectDivergence({ check: 'sequence', message: 'link 2 is missing: 3 comes next' }, 1);
});

test('closing the gap behind a removed entry is found', async () => {
  await lab.tamper('delete from audit_log where id = $1', [entryOf(2)]);
  await lab.tamper('delete from audit_links where entry_id = $1', [entryOf(2)]);
  for (const seq of [3, 4, 5])
    await lab.tamper('update audit_links set seq = $2 where workspace_id = $1 and seq = $3', [
      workspaceId,
      seq - 1,
      seq,
    ]);
  await expectDivergence({ check: 'hash', entryId: entryOf(3) }, 1);
});

test('a chain that was cut off at its end is found', async () => {
  await lab.tamper('delete from audit_links where entry_id = $1', [entryOf(5)]);
  await lab.tamper('delete from audit_log where id = $1', [entryOf(5)]);
  await expectDivergence({ check: 'head' }, 4);
});

test('an entry that somebody smuggled into the past is found', async () => {
  await withClient(lab.url, async (client) => {
    const smuggled = await insertEntry(client, workspaceId, new Date(Date.now() - 60_000));
    await lab.tamper('update audit_log set txid = (select txid from audit_log where id = $2), id = $3 where id = $1', [
      smuggled,
      entryOf(2),
      '00000000-0000-7000-8000-000000000001',
    ]);
  });
  await createAuditChainer({ db: lab.db }).run();
  await expectDivergence({ check: 'inserted', entryId: '00000000-0000-7000-8000-000000000001' }, 5);
});

test('an entry inserted with a link of its own is found', async () => {
  await withClient(lab.url, async (client) => {
    const id = await insertEntry(client, workspaceId);
    await lab.tamper(`insert into audit_links (workspace_id, seq, entry_id, hash) values ($1, 6, $2, '\\x00')`, [
      workspaceId,
      id,
    ]);
  });
  await expectDivergence({ check: 'head' }, 5);
});

test('two entries that changed places are found', async () => {
  await lab.tamper(
    `update audit_links l set entry_id = case seq when 2 then $3::uuid else $2::uuid end, workspace_id = $4
      where workspace_id = $1 and seq in (2, 3)`,
    [workspaceId, entryOf(2), entryOf(3), OTHER],
    2,
  );
  await lab.tamper('update audit_links set workspace_id = $1 where workspace_id = $2', [workspaceId, OTHER], 2);
  await expectDivergence({ check: 'hash', entryId: entryOf(3) }, 1);
});

test.each([
  ['a link', `update audit_links set hash = '\\x00' where workspace_id = $1 and seq = 4`, { check: 'hash' }, 3],
  ['the head', `update audit_chains set head_hash = '\\x00' where workspace_id = $1`, { check: 'head' }, 5],
  ['the length', `update audit_chains set seq = 4 where workspace_id = $1`, { check: 'head' }, 4],
  [
    'the anchor',
    `update audit_chains set anchor_seq = 1, anchor_hash = '\\x00' where workspace_id = $1`,
    { check: 'hash' },
    0,
  ],
] as const)('a change of %s is found', async (_, statement, divergence, intactEntries) => {
  await lab.tamper(statement, [workspaceId]);
  await expectDivergence(divergence, intactEntries);
});

test('whoever rewrites the whole chain is found by the hash that was kept elsewhere, and by nothing else', async () => {
  const kept = (await verify(workspaceId))?.headHash;
  await lab.tamper(`update audit_log set action = 'thing.hidden' where id = $1`, [entryOf(2)]);
  await lab.tamper('delete from audit_links where workspace_id = $1', [workspaceId], 5);
  await lab.tamper('delete from audit_chains where workspace_id = $1', [workspaceId]);
  await lab.tamper(`update audit_progress set txid = '0' where id = $1`, [1]);
  await chainAll();
  const report = await verify(workspaceId);
  expect(report).toMatchObject({ intact: true, entries: 5 });
  expect(report?.headHash).not.toBe(kept);
});

test('all workspaces can be verified, those without entries too; one that does not exist has no report', async () => {
  const empty = await lab.aWorkspace();
  await lab.tamper('delete from audit_log where id = $1', [entryOf(1)]);
  const reports = new Map<string, boolean>();
  for await (const report of createAuditVerifier({ db: lab.db }).verifyAll())
    reports.set(report.workspaceId, report.intact);
  expect(reports.get(empty)).toBe(true);
  expect(reports.get(workspaceId)).toBe(false);
  expect(await verify(empty)).toMatchObject({ entries: 0, headHash: null });
  expect(await verify(OTHER)).toBeNull();
});
