import { aTenant, useWorld } from '@morket/testing';

import { expect, onTestFinished, test, vi } from 'vitest';
import { anEndpoint, someEvents, startDispatcher, useReceiver, WAITING, WITH_PRIVATE } from '../../test/webhook-lab.ts';

/** However many slow endpoints a workspace has, they hold a part of the slots: others are sent to meanwhile. */

const world = useWorld(WITH_PRIVATE);
const receiver = useReceiver();

const ONE_EVENT = { events: ['billing.credited'] };
const LIMITS = { slots: 8, perEndpoint: 2, graceMs: 1 } as const;

test('a workspace whose endpoints never answer holds a quarter of the slots, and another is served', async () => {
  const [slow, fast] = [await aTenant(world), await aTenant(world)];
  for (let endpoint = 0; endpoint < 3; endpoint += 1) await anEndpoint(world, slow, `${receiver.url}/slow`, ONE_EVENT);
  await anEndpoint(world, fast, `${receiver.url}/fast`, ONE_EVENT);
  await someEvents(world, slow, 4);
  receiver.behave((response, { path }) => path.endsWith('/fast') && response.writeHead(200).end());
  const running = startDispatcher(world, { limits: { ...LIMITS, slots: 6 } });
  onTestFinished(running.stop);
  await vi.waitFor(() => expect(receiver.at('/hook/slow').length).toBeGreaterThanOrEqual(2), WAITING);
  await someEvents(world, fast, 10);
  await vi.waitFor(() => expect(receiver.at('/hook/fast')).toHaveLength(10), WAITING);
  expect(receiver.at('/hook/slow')).toHaveLength(2);
  expect(running.errors).toEqual([]);
});

test('several processes together give a workspace no more than its part', async () => {
  const tenant = await aTenant(world);
  for (let endpoint = 0; endpoint < 3; endpoint += 1) await anEndpoint(world, tenant, receiver.url, ONE_EVENT);
  await someEvents(world, tenant, 4);
  receiver.behave(() => undefined);
  const first = startDispatcher(world, { limits: LIMITS });
  onTestFinished(first.stop);
  await vi.waitFor(() => expect(receiver.received).toHaveLength(2), WAITING);
  const second = startDispatcher(world, { limits: LIMITS });
  onTestFinished(second.stop);
  const other = await aTenant(world);
  await anEndpoint(world, other, `${receiver.url}/other`, ONE_EVENT);
  await someEvents(world, other);
  await vi.waitFor(() => expect(receiver.at('/hook/other')).toHaveLength(1), WAITING);
  expect(receiver.at('/hook')).toHaveLength(2);
});

test('the slots that become free go to whoever holds fewest, not to whoever comes first', async () => {
  const tenants = await Promise.all([aTenant(world), aTenant(world), aTenant(world)]);
  for (const [place, tenant] of tenants.entries()) {
    await anEndpoint(world, tenant, `${receiver.url}/${place}`, ONE_EVENT);
    await someEvents(world, tenant, 6);
  }
  const answers: (() => void)[] = [];
  receiver.behave((response) => answers.push(() => response.writeHead(200).end()));
  const running = startDispatcher(world, { limits: { slots: 3, perEndpoint: 3 } });
  onTestFinished(running.stop);
  for (let round = 0; round < 6; round += 1) {
    await vi.waitFor(() => expect(answers).toHaveLength(3), WAITING);
    for (const place of tenants.keys()) expect(receiver.at(`/hook/${place}`)).toHaveLength(round + 1);
    for (const answer of answers.splice(0)) answer();
  }
  expect(running.errors).toEqual([]);
});
