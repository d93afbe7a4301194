import { aTenant, useWorld } from '@morket/testing';
import { answering } from '@morket/testing/webhook-receiver';
import { expect, test, vi } from 'vitest';
import {
  anEndpoint,
  deliveriesOf,
  dispatchUntil,
  passTime,
  settled,
  someEvents,
  startDispatcher,
  useReceiver,
  WAITING,
  WITH_PRIVATE,
} from '../../test/webhook-lab.ts';

const world = useWorld(WITH_PRIVATE);
const receiver = useReceiver();

const amounts = () => receiver.received.map(({ body }) => JSON.parse(body).data.payload.amount as number);

test('an ordered endpoint gets the events of one thing in order, one at a time, from any number of workers', async () => {
  const tenant = await aTenant(world);
  await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'], ordered: true });
  let open = 0;
  let most = 0;
  receiver.behave((response) => {
    open += 1;
    most = Math.max(most, open);
    // Long enough for others to arrive meanwhile, if there are any.
    void world.db.ping(5_000).then(() => {
      open -= 1;
      response.writeHead(200).end();
    });
  });
  await someEvents(world, tenant, 12);
  const [one, other] = [startDispatcher(world), startDispatcher(world)];
  await vi.waitFor(async () => expect(await settled(world, tenant)()).toBe(true), WAITING);
  await Promise.all([one.stop(), other.stop()]);
  expect(amounts()).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  expect(most).toBe(1);
});

test('what comes behind a failed event of the same thing waits until that is settled; other things do not', async () => {
  const tenant = await aTenant(world);
  await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited', 'workspace.updated'], ordered: true });
  receiver.behave((response, { body }) => response.writeHead(body.includes('"amount":1,') ? 500 : 200).end());
  await someEvents(world, tenant, 3);
  await world.services.workspaces.update(tenant.scope, { name: 'Another thing' });
  await world.deliverEvents();
  await dispatchUntil(
    world,
    () => receiver.received.some(({ body }) => body.includes('workspace.updated')) && receiver.received.length >= 2,
  );
  const states = async () =>
    (await deliveriesOf(world, tenant)).map(({ eventName, state, attempts }) => [eventName, state, attempts]);
  await vi.waitFor(async () =>
    expect(await states()).toEqual([
      ['billing.credited', 'pending', 1],
      ['billing.credited', 'pending', 0],
      ['billing.credited', 'pending', 0],
      ['workspace.updated', 'delivered', 1],
    ]),
  );
  receiver.received.splice(0);
  receiver.behave(answering(200));
  await passTime(world, tenant);
  await dispatchUntil(world, settled(world, tenant));
  expect(amounts()).toEqual([1, 2, 3]);
});

test('an event that is given up makes way for the next', async () => {
  const tenant = await aTenant(world);
  await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'], ordered: true });
  await someEvents(world, tenant, 2);
  await world.db.read.$executeRaw`
    update webhook_deliveries set attempts = 9 where workspace_id = ${tenant.id}::uuid
       and seq = (select min(seq) from webhook_deliveries where workspace_id = ${tenant.id}::uuid)`;
  receiver.behave((response, { body }) => response.writeHead(body.includes('"amount":1,') ? 500 : 200).end());
  await dispatchUntil(world, settled(world, tenant));
  expect((await deliveriesOf(world, tenant)).map(({ state }) => state)).toEqual(['failed', 'delivered']);
  expect(amounts()).toEqual([1, 2]);
});
