import { withClient } from '@morket/testing/template-database';
import { describe, expect, test } from 'vitest';
import { eventually, insertEntry, useAuditLab } from '../../test/audit-lab.ts';
import { createAuditChainer } from './chainer.ts';
import { createAuditVerifier } from './verifier.ts';

const lab = useAuditLab();
const chain = (batch?: number) => createAuditChainer({ db: lab.db, ...(batch !== undefined && { batch }) }).run();
/** Waits until so many entries have been linked. */
async function chainExactly(count: number, batch?: number): Promise<void> {
  let linked = 0;
  await eventually(async () => {
    linked += await chain(batch);
    expect(linked).toBe(count);
  });
}
const verify = (workspaceId: string) => createAuditVerifier({ db: lab.db }).verifyWorkspace(workspaceId);

test('every committed entry gets its place, once, in the order of its transactions', async () => {
  const [one, other] = [await lab.aWorkspace(), await lab.aWorkspace()];
  const written = [...(await lab.write(one, 3)), ...(await lab.write(other, 2)), ...(await lab.write(one, 2))];
  await chainExactly(7);
  expect(await chain()).toBe(0);
  expect([...(await lab.linked(one)), ...(await lab.linked(other))].sort()).toEqual([...written].sort());
  expect(await lab.linked(one)).toEqual(await lab.entriesOf(one));
  expect(await verify(one)).toMatchObject({ intact: true, entries: 5, waiting: 0, prunedEntries: 0 });
  await lab.write(one, 1);
  expect(await verify(one)).toMatchObject({ intact: true, entries: 5, waiting: 1 });
  await chainExactly(1);
  expect(await verify(one)).toMatchObject({ intact: true, entries: 6, waiting: 0 });
});

test('work that does not fit into one transaction is done in several', async () => {
  const workspaceId = await lab.aWorkspace();
  const written = await lab.write(workspaceId, 10);
  await chainExactly(10, 3);
  expect(await lab.linked(workspaceId)).toEqual(written);
});

test('an entry whose transaction commits late is neither passed over nor overtaken', async () => {
  const workspaceId = await lab.aWorkspace();
  await withClient(lab.url, async (slow) => {
    await slow.query('begin');
    const late = await insertEntry(slow, workspaceId);
    const [early] = await lab.write(workspaceId, 1);
    // Committed already, and by a later transaction than the one that is still open.
    expect(await chain()).toBe(0);
    expect(await lab.linked(workspaceId)).toEqual([]);
    await slow.query('commit');
    await chainExactly(2);
    expect(await lab.linked(workspaceId)).toEqual([late, early]);
  });
});

test('what is rolled back has no place', async () => {
  const workspaceId = await lab.aWorkspace();
  await withClient(lab.url, async (client) => {
    await client.query('begin');
    await insertEntry(client, workspaceId);
    await client.query('rollback');
  });
  expect(await chain()).toBe(0);
  expect(await lab.linked(workspaceId)).toEqual([]);
});

test('several at once do the work of one', async () => {
  const workspaceId = await lab.aWorkspace();
  const written = await lab.write(workspaceId, 40);
  const counts = await Promise.all(Array.from({ length: 5 }, () => chain(7)));
  await chainExactly(40 - counts.reduce((sum, count) => sum + count));
  expect(await lab.linked(workspaceId)).toEqual(written);
});

describe('after a restore into another cluster, which counts transactions anew', () => {
  const FAR = '900000000000';

  test.each([
    ['known by its name', `epoch = 'another cluster'`],
    ['known by a number that is not given out yet', `txid = '${FAR}'`],
  ])('%s: old and new entries get their places', async (_, change) => {
    const workspaceId = await lab.aWorkspace();
    const chained = await lab.write(workspaceId, 3);
    await chainExactly(3);
    const [restored] = await lab.write(workspaceId, 1);
    await lab.tamper(`update audit_log set txid = '${FAR}' where id = $1`, [restored]);
    await lab.tamper(`update audit_progress set ${change} where id = $1`, [1]);
    const fresh = await lab.write(workspaceId, 2);
    await withClient(lab.url, async (slow) => {
      await slow.query('begin');
      const late = await insertEntry(slow, workspaceId);
      const overtaking = await lab.write(workspaceId, 1);
      await chainExactly(3, 2);
      expect(await lab.linked(workspaceId)).toEqual([...chained, ...fresh, restored]);
      await slow.query('commit');
      await chainExactly(2, 2);
      expect(await lab.linked(workspaceId)).toEqual([...chained, ...fresh, restored, late, ...overtaking]);
    });
    expect(await chain()).toBe(0);
    expect(await verify(workspaceId)).toMatchObject({ intact: true, entries: 8, waiting: 0 });
  });
});
