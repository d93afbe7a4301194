import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { CommitUnknown } from '@morket/db';
import { aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { createTestDatabase, type TestDatabase } from '@morket/testing/template-database';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** Where the connection breaks: the transaction took effect or it did not, and the client does not know. */
type Loss = 'COMMIT before it arrived' | 'the answer to COMMIT' | 'nothing but the word';

let database: TestDatabase;
let proxy: Server;
let world: World;
let tenant: Tenant;
/** What is lost from now on, the next one first. */
const losses: Loss[] = [];

/** COMMIT is sent once on each connection with its text, and from then on by the name that was given to it there. */
const commitNames = new Set<string>();
function isCommit(chunk: Buffer): boolean {
  const [, name] = /P.{4}([^\0]*)\0COMMIT\0/s.exec(chunk.toString('latin1')) ?? [];
  if (name !== undefined && name !== '') commitNames.add(name);
  return chunk.includes('COMMIT') || [...commitNames].some((known) => chunk.includes(`\0${known}\0`));
}

beforeAll(async () => {
  database = await createTestDatabase();
  const target = new URL(database.url);
  proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const breakOff = () => {
      losses.shift();
      client.resetAndDestroy();
      server.destroy();
    };
    let isCommitting = false;
    client.on('data', (chunk) => {
      isCommitting = isCommit(chunk) && losses.length > 0;
      if (isCommitting && losses[0] === 'COMMIT before it arrived') breakOff();
      else server.write(chunk);
    });
    // An answer that never comes, on a connection that stays open.
    let isSilent = false;
    server.on('data', (chunk) => {
      if (isCommitting && losses[0] === 'nothing but the word') {
        losses.shift();
        isSilent = true;
      }
      if (isSilent) return;
      if (isCommitting) breakOff();
      else client.write(chunk);
    });
    client.on('error', () => undefined).on('close', () => server.destroy());
    server.on('error', () => undefined).on('close', () => client.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo; // listening on TCP, it has one
  const through = new URL(database.url);
  [through.hostname, through.port] = ['127.0.0.1', String(port)];
  world = await createWorld({ databaseUrl: through.href });
});
afterAll(async () => {
  await world.close();
  proxy.close();
  await database.drop();
});
beforeEach(async () => {
  losses.length = 0;
  tenant = await aTenant(world, { credits: 100 });
});

const balanceOf = async () => (await world.services.billing.get(tenant.scope)).creditBalance;
const debit = (amount: number, idempotencyKey?: string) =>
  world.services.billing.debit(tenant.scope, {
    ...{ amount, description: 'a run' },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
/** Entries, their events and their audit entries: as many of each, and the books intact. */
async function entriesOf(): Promise<number> {
  const where = { workspaceId: tenant.id };
  const { read } = world.db;
  const entries = await read.creditTransaction.count({ where });
  const about = { ...where, aggregateType: 'billing_account' };
  expect(await read.outboxEvent.count({ where: about })).toBe(entries);
  expect(await read.auditEntry.count({ where: { ...where, entityType: 'billing_account' } })).toBe(entries);
  expect(await world.ledgerAudit.verifyWorkspace(tenant.id)).toMatchObject({ intact: true, entries });
  return entries;
}

const LOSSES: readonly Loss[] = ['COMMIT before it arrived', 'the answer to COMMIT'];
const KEYS = [
  ['under a key', 'survives-the-loss'],
  ['without a key', undefined],
] as const;

describe.each(LOSSES)('%s is lost', (loss) => {
  test.each(KEYS)('a debit %s is answered as what it was, once', async (_, key) => {
    losses.push(loss);
    const answer = await debit(10, key);
    expect(losses, 'it was lost').toEqual([]);
    expect(answer).toMatchObject({ balance: 90, transaction: { amount: -10, balanceAfter: 90 } });
    expect(await balanceOf()).toBe(90);
    expect(await entriesOf()).toBe(2);
    const { items } = await world.services.billing.transactions(tenant.scope, { page: 1, limit: 1 });
    expect(items).toEqual([answer.transaction]);
    if (key !== undefined) expect(await debit(10, key)).toEqual(answer);
  });

  test.each(KEYS)(
    'twenty debits %s at once, in one transaction, are each answered as what they were',
    async (_, key) => {
      losses.push(loss);
      const keyOf = (index: number) => (key === undefined ? undefined : `${key} ${index}`);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => debit(index + 1 > 13 ? 1 : 2, keyOf(index))),
      );
      expect(losses, 'it was lost').toEqual([]);
      const transactions = await world.db.read.$queryRaw`
      select count(distinct xmin::text)::int as count from credit_transactions
       where workspace_id = ${tenant.id}::uuid and type = 'debit'`;
      expect(transactions).toEqual([{ count: 1 }]);
      const expected = Array.from({ length: 20 }, (_, index) =>
        index < 13 ? 100 - 2 * (index + 1) : 74 - (index - 12),
      );
      expect(answers.map(({ balance }) => balance)).toEqual(expected);
      expect(await balanceOf()).toBe(67);
      expect(await entriesOf()).toBe(21);
      const { items } = await world.services.billing.transactions(tenant.scope, { page: 1, limit: 20 });
      expect(items.toReversed()).toEqual(answers.map(({ transaction }) => transaction));
    },
  );

  test.each(KEYS)('a debit %s that is refused is refused', async (_, key) => {
    losses.push(loss);
    const refusal = { code: 'billing.insufficient_credits', details: { required: 101, available: 100 } };
    await expect(debit(101, key)).rejects.toMatchObject(refusal);
    expect(losses, 'it was lost').toEqual([]);
    expect(await entriesOf()).toBe(1);
    if (key === undefined) return;
    await world.services.billing.addCredits(tenant.scope, { amount: 1, description: 'top-up' });
    await expect(debit(101, key)).rejects.toMatchObject(refusal);
  });

  test('a hold and its capture are answered as what they were, once', async () => {
    const { holds } = world.services;
    losses.push(loss);
    const hold = await holds.create(tenant.scope, { amount: 30, description: 'a run' });
    losses.push(loss);
    const captured = await holds.capture(tenant.scope, { holdId: hold.id, amount: 20, final: true });
    expect(losses, 'both were lost').toEqual([]);
    expect(captured).toMatchObject({ balance: 80, hold: { id: hold.id, captured: 20, state: 'captured' } });
    expect(await world.services.billing.get(tenant.scope)).toMatchObject({ creditBalance: 80, heldCredits: 0 });
    expect(await world.ledgerAudit.verifyWorkspace(tenant.id)).toMatchObject({ intact: true, entries: 2 });
  });
});

test('lost again and again before it arrives, nothing moves, and nobody is told that something did', async () => {
  losses.push(...Array.from({ length: 12 }, () => LOSSES[0] ?? 'the answer to COMMIT'));
  const outcomes = await Promise.allSettled([debit(10), debit(20, 'asked-again-later')]);
  losses.length = 0;
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(CommitUnknown) });
  }
  expect(await balanceOf()).toBe(100);
  expect(await debit(20, 'asked-again-later')).toMatchObject({ balance: 80 });
  expect(await entriesOf()).toBe(2);
});

test('a COMMIT that nobody answers is found out about, too: neither twin is charged twice', {
  timeout: 60_000,
}, async () => {
  losses.push('nothing but the word');
  const answers = await Promise.all([debit(10), debit(20)]);
  expect(answers.map(({ transaction }) => transaction.amount)).toEqual([-10, -20]);
  expect(losses, 'the answer was lost').toEqual([]);
  expect(await balanceOf()).toBe(70);
  // The connection that fell silent is not handed to the next one.
  await debit(5);
  expect(await balanceOf()).toBe(65);
});
