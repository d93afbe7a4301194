import type { LedgerVerification } from '@morket/contract/billing';
import { createLedgerAudit } from '@morket/domain/billing';
import { aTenant, createWorld, type Tenant, useWorld, type World } from '@morket/testing';
import { withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { intactBooks, outcomesOf } from '../../test/ledger/outcomes.ts';

const world = useWorld();
let second: World;
beforeAll(async () => {
  second = await createWorld({ databaseUrl: world.databaseUrl });
});
afterAll(() => second.close());

const about = { description: 'test' };

/**
 * Entries 1 to 6: 100 credits, 50 that expire some day, a debit of 30, a captured part of a hold of 40, that debit taken back, and
 * another debit of 5. The hold is open, with 25 credits left.
 */
async function aStory(): Promise<Tenant> {
  const { billing, holds } = world.services;
  const tenant = await aTenant(world, { credits: 100 });
  const { scope } = tenant;
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  await billing.addCredits(scope, { amount: 50, priority: 90, expiresAt, ...about });
  const { transaction } = await billing.debit(scope, { amount: 30, referenceId: 'run-1', ...about });
  const hold = await holds.create(scope, { amount: 40, ...about });
  await holds.capture(scope, { holdId: hold.id, amount: 15 });
  await billing.reverse(scope, { transactionId: transaction.id, reason: 'test' });
  await billing.debit(scope, { amount: 5, ...about });
  return tenant;
}

const verify = ({ id }: Tenant) => createLedgerAudit(world).verifyWorkspace(id);
/** What a superuser with bad intentions does: neither triggers nor foreign keys are in the way. */
const tamper = ({ id }: Tenant, statement: string) =>
  withClient(world.databaseUrl, async (client) => {
    await client.query("set session_replication_role = 'replica'");
    const { rowCount } = await client.query(statement, [id]);
    expect(rowCount, 'the tampering found its row').toBe(1);
  });

test('a ledger that nobody tampered with is intact, and the report says what it holds', async () => {
  const tenant = await aStory();
  const report = await world.services.ledgerAudit.verify(tenant.scope);
  expect(report).toEqual({
    ...{ workspaceId: tenant.id, intact: true, divergence: null, entries: 6 },
    ...{ balance: 130, held: 25, openHolds: 1, openGrants: 2 },
    headHash: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const { items } = await world.services.billing.transactions(tenant.scope, { page: 1, limit: 1 });
  expect(items[0]?.balanceAfter).toBe(report.balance);
  expect(await verify(await aTenant(world))).toMatchObject({ intact: true, entries: 0, headHash: null });
  expect(await createLedgerAudit(world).verifyWorkspace(tenant.owner.user.id), 'no account').toBeNull();
});

const ENTRY = 'update credit_transactions set';
const OF_ENTRY = 'where workspace_id = $1 and seq =';
test.each([
  ['an amount', `${ENTRY} amount = amount - 1 ${OF_ENTRY} 3`, 'balance_after', 3],
  ['a balance', `${ENTRY} balance_after = balance_after + 1 ${OF_ENTRY} 3`, 'balance_after', 3],
  [
    'an amount with its balance',
    `${ENTRY} amount = amount - 1, balance_after = balance_after - 1 ${OF_ENTRY} 3`,
    'hash',
    3,
  ],
  ['a description', `${ENTRY} description = 'a gift' ${OF_ENTRY} 1`, 'hash', 1],
  ['a reference', `${ENTRY} reference_id = 'run-2' ${OF_ENTRY} 3`, 'hash', 3],
  ['a name', `${ENTRY} created_by = gen_random_uuid() ${OF_ENTRY} 1`, 'hash', 1],
  ['a time', `${ENTRY} created_at = created_at - interval '1 day' ${OF_ENTRY} 2`, 'hash', 2],
  ['a type', `${ENTRY} type = 'auto_recharge' ${OF_ENTRY} 1`, 'hash', 1],
  ['what is reversed', `${ENTRY} reverses_id = gen_random_uuid() ${OF_ENTRY} 5`, 'hash', 5],
  ['whose hold was captured', `${ENTRY} hold_id = null ${OF_ENTRY} 4`, 'hash', 4],
  ['which grant was spent', `${ENTRY} burns = array[2, 30] ${OF_ENTRY} 3`, 'hash', 3],
  ['a hash', `${ENTRY} hash = sha256('of something else') ${OF_ENTRY} 4`, 'hash', 4],
  ['an entry that is gone', `delete from credit_transactions ${OF_ENTRY} 3`, 'sequence', 4],
] as const)('an entry changed behind its back is reported: %s', async (_, statement, check, seq) => {
  const tenant = await aStory();
  const ids = await world.db.read.creditTransaction.findMany({ where: { workspaceId: tenant.id, seq } });
  await tamper(tenant, statement);
  expect(await verify(tenant)).toMatchObject({ intact: false, divergence: { check, transactionId: ids[0]?.id } });
});

const ACCOUNT = 'update billing_accounts set';
const OF_ACCOUNT = 'where workspace_id = $1';
const GRANT = 'update credit_grants set';
const HOLD = 'update credit_holds set';
const STEP = 'update credit_hold_steps set';
test.each([
  ['the last entry', `delete from credit_transactions ${OF_ENTRY} 6`, 'sequence'],
  ['the balance', `${ACCOUNT} balance = balance + 1 ${OF_ACCOUNT}`, 'balance'],
  ['the number of the last entry', `${ACCOUNT} seq = seq - 1 ${OF_ACCOUNT}`, 'sequence'],
  [
    'everything, put back to an earlier entry',
    `with grants as (${GRANT} remaining = remaining + 5 ${OF_ENTRY} 1)
     update billing_accounts a set balance = t.balance_after, seq = t.seq, head_hash = t.hash
       from credit_transactions t where a.workspace_id = $1 and t.workspace_id = $1 and t.seq = 5`,
    'sequence',
  ],
  ['the hash of the last entry', `${ACCOUNT} head_hash = sha256('of something else') ${OF_ACCOUNT}`, 'hash'],
  ['held credits', `${ACCOUNT} held = held - 1 ${OF_ACCOUNT}`, 'held'],
  ['a debt', `${ACCOUNT} debt = 7, held = balance ${OF_ACCOUNT}`, 'debt'],
  ['what is left of a grant', `${GRANT} remaining = remaining - 1 ${OF_ENTRY} 1`, 'grants'],
  ['a grant that is used up', `${GRANT} remaining = 0, is_open = false ${OF_ENTRY} 2`, 'grants'],
  ['the size of a grant', `${GRANT} amount = amount + 1 ${OF_ENTRY} 1`, 'grants'],
  ['what has expired of a grant', `${GRANT} expired = 1 ${OF_ENTRY} 1`, 'grants'],
  ['the priority of a grant', `${GRANT} priority = 0 ${OF_ENTRY} 1`, 'hash'],
  ['the expiry of a grant', `${GRANT} expires_at = null ${OF_ENTRY} 2`, 'hash'],
  ['a grant that is gone', `delete from credit_grants ${OF_ENTRY} 1`, 'hash'],
  ['the size of a hold', `${HOLD} amount = amount + 1 ${OF_ACCOUNT}`, 'held'],
  ['what was captured of a hold', `${HOLD} captured = captured + 1, amount = amount + 1 ${OF_ACCOUNT}`, 'holds'],
  ['the end of a hold', `${HOLD} state = 'released' ${OF_ACCOUNT}`, 'held'],
  ['the number of its steps', `${HOLD} steps = steps + 1 ${OF_ACCOUNT}`, 'holds'],
  ['a hold that is gone', `delete from credit_holds ${OF_ACCOUNT}`, 'held'],
  ['a step of a hold', `${STEP} amount = amount + 1 ${OF_ACCOUNT} and no = 2`, 'holds'],
  ['a step that is gone', `delete from credit_hold_steps ${OF_ACCOUNT} and no = 2`, 'holds'],
  ['a step that closes', `${STEP} closes = true ${OF_ACCOUNT} and no = 2`, 'holds'],
] as const)('an account that says something else than its ledger is reported: %s', async (_, statement, check) => {
  const tenant = await aStory();
  await tamper(tenant, statement);
  expect(await verify(tenant)).toMatchObject({ intact: false, divergence: { check } });
});

test('of all accounts exactly those that were tampered with are reported, closed ones too', async () => {
  const [broken, fine, closed] = await Promise.all([aStory(), aStory(), aStory()]);
  await world.services.workspaces.delete(closed.scope);
  const reports = new Map<string, LedgerVerification>();
  const read = async () => {
    for await (const report of createLedgerAudit(world).verifyAll()) reports.set(report.workspaceId, report);
    return [broken, fine, closed].map(({ id }) => reports.get(id)?.intact);
  };
  expect(await read()).toEqual([true, true, true]);
  await tamper(broken, `${ACCOUNT} balance = balance + 1 ${OF_ACCOUNT}`);
  await tamper(closed, `${ENTRY} description = 'a gift' ${OF_ENTRY} 1`);
  expect(await read()).toEqual([false, true, false]);
});

test('movements under way raise no alarm, over thousands of entries', async () => {
  const { scope, ...tenant } = await aStory();
  await world.services.billing.addCredits(scope, { amount: 10_000, ...about });
  const story = async (index: number): Promise<void> => {
    const { billing, holds } = (index % 2 === 0 ? world : second).services;
    const { transaction } = await billing.debit(scope, { amount: 1 + (index % 3), ...about });
    if (index % 4 === 0) await billing.reverse(scope, { transactionId: transaction.id, reason: 'test' });
    if (index % 4 > 1) return;
    const hold = await holds.create(scope, { amount: 3, ...about });
    await holds.capture(scope, { holdId: hold.id, amount: 2 });
    if (index % 8 === 1) await holds.release(scope, { holdId: hold.id });
  };
  let isRunning = true;
  const work = (async () => {
    for (let round = 0; round < 6; round += 1) {
      await outcomesOf(Array.from({ length: 250 }, (_, index) => story(index)));
    }
  })().finally(() => {
    isRunning = false;
  });
  let verified = 0;
  while (isRunning) {
    await intactBooks(second, { scope, ...tenant });
    verified += 1;
  }
  await work;
  expect(verified).toBeGreaterThan(2);
  expect((await intactBooks(world, { scope, ...tenant })).entries).toBeGreaterThan(2_000);
}, 60_000);
