import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { aTenant, useWorld } from '@morket/testing';
import { seededRandom } from '@morket/testing/seeded-random';
import { answering } from '@morket/testing/webhook-receiver';
import { describe, expect, test, vi } from 'vitest';
import {
  anEndpoint,
  deliveriesOf,
  dispatchUntil,
  onlyDelivery,
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

const ONE_EVENT = { events: ['billing.credited'] };
const ids = () => receiver.received.map(({ headers }) => headers['webhook-id']);

describe('a worker that is killed', () => {
  test('between sending and writing it down: when its lease is over, another sends the same under the same id', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, ONE_EVENT);
    await someEvents(world, tenant);
    receiver.behave(() => undefined);
    const child = spawn(process.execPath, [fileURLToPath(new URL('../../test/webhook-process.ts', import.meta.url))], {
      env: { ...process.env, DATABASE_URL: world.databaseUrl, ENCRYPTION_MASTER_KEY: '42'.repeat(32) },
      stdio: 'inherit',
    });
    const exited = once(child, 'exit');
    try {
      await vi.waitFor(() => expect(receiver.received).toHaveLength(1), WAITING);
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
    receiver.behave(answering(200));
    const { nextAttemptAt, attempts, state } = await onlyDelivery(world, tenant);
    expect({ attempts, state }).toEqual({ attempts: 0, state: 'pending' });
    // Nobody takes it before the lease of the dead one is over.
    expect(nextAttemptAt?.getTime()).toBeGreaterThan(Date.now());
    await passTime(world, tenant);
    await dispatchUntil(world, settled(world, tenant));
    expect(ids()).toHaveLength(2);
    expect(new Set(ids()).size).toBe(1);
    expect(await onlyDelivery(world, tenant)).toMatchObject({ state: 'delivered', attempts: 1 });
  });
});

describe('workers that are killed again and again', () => {
  test('lose nothing: every event arrives at least once, under one id, and is settled once', {
    timeout: 120_000,
  }, async () => {
    const seed = randomInt(2 ** 30);
    const random = seededRandom(seed);
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, ONE_EVENT);
    await someEvents(world, tenant, 60);
    const expected = (await deliveriesOf(world, tenant)).map(({ eventId }) => eventId);
    const start = () =>
      spawn(process.execPath, [fileURLToPath(new URL('../../test/webhook-process.ts', import.meta.url))], {
        env: { ...process.env, DATABASE_URL: world.databaseUrl, ENCRYPTION_MASTER_KEY: '42'.repeat(32) },
        stdio: 'inherit',
      });
    for (let kill = 0; kill < 3; kill += 1) {
      // Hit in the middle of a request, before it is answered or after, as the seed will have it.
      const fatal = receiver.received.length + random.integer(1, 12);
      const child = start();
      const exited = once(child, 'exit');
      receiver.behave((response) => {
        const number = receiver.received.length;
        if (number < fatal || (number === fatal && random.next() < 0.5)) response.writeHead(200).end();
        if (number === fatal) child.kill('SIGKILL');
      });
      await exited;
      await passTime(world, tenant);
    }
    receiver.behave(answering(200));
    await dispatchUntil(world, settled(world, tenant));
    const arrived = new Map(Map.groupBy(ids(), (id) => String(id)));
    expect([...arrived.keys()].toSorted(), `seed ${seed}`).toEqual(expected.toSorted());
    const log = await world.db.read.webhookAttempt.groupBy({
      by: ['deliveryId'],
      where: { workspaceId: tenant.id },
      _count: true,
    });
    expect(new Set(log.map(({ _count }) => _count)), `seed ${seed}`).toEqual(new Set([1]));
  });
});

describe('a worker that is stopped', () => {
  test('lets what is under way come to its end', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, ONE_EVENT);
    await someEvents(world, tenant);
    const answers: (() => void)[] = [];
    receiver.behave((response) => answers.push(() => response.writeHead(200).end()));
    const running = startDispatcher(world);
    await vi.waitFor(() => expect(answers).toHaveLength(1), WAITING);
    const stopped = running.stop();
    for (const answer of answers) answer();
    await stopped;
    expect(await onlyDelivery(world, tenant)).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  test('gives back what does not end in time, so that another takes it at once', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, ONE_EVENT);
    await someEvents(world, tenant);
    receiver.behave(() => undefined);
    const running = startDispatcher(world, { limits: { graceMs: 1 } });
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), WAITING);
    await running.stop();
    receiver.behave(answering(200));
    await dispatchUntil(world, settled(world, tenant));
    expect(new Set(ids()).size).toBe(1);
    expect(await onlyDelivery(world, tenant)).toMatchObject({ state: 'delivered', attempts: 1 });
  });
});

describe('several workers', () => {
  test('send everything once, and never more at a time to one endpoint than one of them would', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, ONE_EVENT);
    await someEvents(world, tenant, 40);
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
    const workers = [1, 2, 3].map(() => startDispatcher(world, { limits: { perEndpoint: 4 } }));
    await vi.waitFor(async () => expect(await settled(world, tenant)()).toBe(true), WAITING);
    for (const { stop } of workers) await stop();
    expect(ids()).toHaveLength(40);
    expect(new Set(ids()).size).toBe(40);
    expect(most).toBeLessThanOrEqual(4);
    expect(workers.flatMap(({ errors }) => errors)).toEqual([]);
  });

  test('an outcome that comes after its lease has passed on is left out', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, ONE_EVENT);
    await someEvents(world, tenant);
    const late: (() => void)[] = [];
    receiver.behave((response) => late.push(() => response.writeHead(500).end()));
    const slow = startDispatcher(world);
    await vi.waitFor(() => expect(late).toHaveLength(1), WAITING);
    receiver.behave(answering(200));
    // The slow one sees it come due as well: whoever takes it, the answer to the first attempt is not written down.
    await passTime(world, tenant);
    await vi.waitFor(async () => expect(await settled(world, tenant)()).toBe(true), WAITING);
    for (const answer of late) answer();
    await slow.stop();
    const delivery = await onlyDelivery(world, tenant);
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(delivery.log).toMatchObject([{ number: 1, status: 200 }]);
  });
});

describe('neighbours', () => {
  test('a receiver that never answers holds up its own deliveries alone', async () => {
    const [slow, fast] = [await aTenant(world), await aTenant(world)];
    await anEndpoint(world, slow, `${receiver.url}/slow`, ONE_EVENT);
    await anEndpoint(world, fast, `${receiver.url}/fast`, ONE_EVENT);
    await someEvents(world, slow, 30);
    await someEvents(world, fast, 60);
    receiver.behave((response, { path }) => path.endsWith('/fast') && response.writeHead(200).end());
    await dispatchUntil(world, settled(world, fast), { limits: { perEndpoint: 4, slots: 8, graceMs: 1 } });
    expect(receiver.at('/hook/fast')).toHaveLength(60);
    expect(receiver.at('/hook/slow')).toHaveLength(4);
  });

  test('an endpoint whose secret does not open keeps nobody else from being sent to', async () => {
    const [broken, well] = [await aTenant(world), await aTenant(world)];
    await anEndpoint(world, broken, `${receiver.url}/broken`, ONE_EVENT);
    await anEndpoint(world, well, `${receiver.url}/well`, ONE_EVENT);
    await world.db.read.$executeRaw`
      update webhook_endpoints set sealed_secret = '\\x00'::bytea where workspace_id = ${broken.id}::uuid`;
    await someEvents(world, broken);
    await someEvents(world, well);
    const running = startDispatcher(world);
    await vi.waitFor(async () => expect(await settled(world, well)()).toBe(true), WAITING);
    await running.stop();
    expect(receiver.at('/hook/broken')).toEqual([]);
    expect(running.errors).not.toEqual([]);
  });
});
