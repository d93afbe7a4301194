import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { CommitUnknown } from '@morket/db';
import { aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { createTestDatabase, type TestDatabase } from '@morket/testing/template-database';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

/** The answer to COMMIT is lost on the way: the transaction took effect, and the client does not know. */
let database: TestDatabase;
let proxy: Server;
let world: World;
let tenant: Tenant;
let isArmed = false;

beforeAll(async () => {
  database = await createTestDatabase();
  const target = new URL(database.url);
  proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    let isCommitting = false;
    client.on('data', (chunk) => {
      isCommitting = isArmed && chunk.includes('COMMIT');
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (!isCommitting) return client.write(chunk);
      isArmed = false;
      client.resetAndDestroy();
      return server.destroy();
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
  tenant = await aTenant(world, { credits: 100 });
});

const balanceOf = async () => (await world.services.billing.get(tenant.scope)).creditBalance;

test('under a key the debit is answered as what it was, once', async () => {
  isArmed = true;
  const input = { amount: 10, description: 'a run', idempotencyKey: 'survives-the-loss' };
  expect(await world.services.billing.debit(tenant.scope, input)).toMatchObject({ balance: 90 });
  expect(isArmed, 'the answer was lost').toBe(false);
  expect(await balanceOf()).toBe(90);
});

test('without one nothing is repeated, and the caller is not told to try again', async () => {
  isArmed = true;
  const lost = world.services.billing.debit(tenant.scope, { amount: 10, description: 'a run' });
  await expect(lost).rejects.toBeInstanceOf(CommitUnknown);
  expect(await balanceOf()).toBe(90);
});
