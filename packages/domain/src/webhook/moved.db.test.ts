import { aTenant, useWorld } from '@morket/testing';
import { answering } from '@morket/testing/webhook-receiver';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  anEndpoint,
  deliveriesOf,
  onlyDelivery,
  passTime,
  someEvents,
  startDispatcher,
  useReceiver,
  WAITING,
  WITH_PRIVATE,
} from '../../test/webhook-lab.ts';
import { OPENS_AFTER } from './health.model.ts';

/** What an address answers counts for that address alone: an endpoint that has moved meanwhile fares as its new one does. */

const world = useWorld(WITH_PRIVATE);
const receiver = useReceiver();

/** An endpoint that moves while an attempt at its old address is under way. */
async function aMovedEndpoint() {
  const tenant = await aTenant(world);
  const { endpointId } = await anEndpoint(world, tenant, `${receiver.url}/old`, { events: ['billing.credited'] });
  await someEvents(world, tenant);
  const late: ((status: number) => void)[] = [];
  receiver.behave((response) => late.push((status) => response.writeHead(status).end()));
  const running = startDispatcher(world);
  onTestFinished(running.stop);
  await vi.waitFor(() => expect(late).toHaveLength(1), WAITING);
  const { update, get } = world.services.webhookEndpoints;
  await update(tenant.scope, { endpointId, url: `${receiver.url}/new` });
  const answerLate = async (status: number) => {
    for (const answer of late) answer(status);
    await vi.waitFor(async () => expect((await onlyDelivery(world, tenant)).attempts).toBe(1), WAITING);
  };
  return { tenant, endpointId, running, answerLate, read: () => get(tenant.scope, { endpointId }) };
}

test.each([410, 500, 429])(
  '%i from the old address leaves the new one as it was, and the event goes there',
  async (status) => {
    const { tenant, running, answerLate, read } = await aMovedEndpoint();
    await answerLate(status);
    expect(await read()).toMatchObject({
      ...{ state: 'active', disabledReason: null, consecutiveFailures: 0, failingSince: null, pausedUntil: null },
    });
    expect(await onlyDelivery(world, tenant)).toMatchObject({ state: 'pending', lastStatus: status });
    receiver.behave(answering(200));
    await passTime(world, tenant);
    await vi.waitFor(
      async () => expect(await onlyDelivery(world, tenant)).toMatchObject({ state: 'delivered' }),
      WAITING,
    );
    expect(receiver.at('/hook/new')).toHaveLength(1);
    expect(running.errors).toEqual([]);
  },
);

test('a success of the old address does not close the circuit of the new one', async () => {
  const { tenant, endpointId, answerLate, read } = await aMovedEndpoint();
  await world.db.read.$executeRaw`
    update webhook_endpoints
       set consecutive_failures = ${OPENS_AFTER}::int, failing_since = now(), paused_until = now() + interval '1 hour'
     where id = ${endpointId}::uuid`;
  await answerLate(200);
  expect(await deliveriesOf(world, tenant)).toMatchObject([{ state: 'delivered' }]);
  const { consecutiveFailures, pausedUntil } = await read();
  expect(consecutiveFailures).toBe(OPENS_AFTER);
  expect(pausedUntil).not.toBeNull();
});
