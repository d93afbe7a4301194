import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { endApiProcesses, runCommand, startApi, WORKER } from '@morket/testing/api-process';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

const world = useWorld();
let dataDir: string;
let tenant: Tenant;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'morket-worker-'));
  tenant = await aTenant(world, { credits: 100 });
});
afterEach(endApiProcesses);
afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** The key of every world. */
const KEY = '42'.repeat(32);
const env = () => ({
  ...{ DATABASE_URL: world.databaseUrl, MORKET_DATA_DIR: dataDir, NODE_ENV: 'development', ENCRYPTION_MASTER_KEY: KEY },
});
const countUnpublished = () => world.db.read.outboxEvent.count({ where: { publishedAt: null } });
const debit = () => world.services.billing.debit(tenant.scope, { amount: 1, description: 'x' });

async function startWorkerProcess() {
  const worker = startApi(env(), WORKER);
  await worker.printed('the worker is running');
  return worker;
}

describe('the worker as a process of its own', () => {
  test('delivers what is written elsewhere, and ends within seconds when it is asked to', async () => {
    const worker = await startWorkerProcess();
    await vi.waitFor(async () => expect(await countUnpublished()).toBe(0), { timeout: 15_000 });
    await debit();
    const writtenAt = performance.now();
    await vi.waitFor(async () => expect(await countUnpublished()).toBe(0), { timeout: 5_000, interval: 20 });
    // It hears of nothing and looks for itself.
    expect(performance.now() - writtenAt).toBeLessThan(3_000);
    const askedAt = performance.now();
    worker.signal('SIGTERM');
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - askedAt).toBeLessThan(10_000);
    expect(worker.stderr()).toBe('');
  });

  test('one that is killed loses nothing, and another one takes over', async () => {
    const first = await startWorkerProcess();
    const second = await startWorkerProcess();
    for (let n = 0; n < 5; n += 1) await debit();
    first.signal('SIGKILL');
    await first.ended;
    for (let n = 0; n < 5; n += 1) await debit();
    await vi.waitFor(async () => expect(await countUnpublished()).toBe(0), { timeout: 10_000 });
    second.signal('SIGTERM');
    expect(await second.ended).toEqual({ code: 0, signal: null });
  });
});

test('a worker whose key opens nothing here refuses to start, and says so', async () => {
  const worker = startApi({ ...env(), ENCRYPTION_MASTER_KEY: '43'.repeat(32) }, WORKER);
  expect(await worker.ended).toEqual({ code: 1, signal: null });
  expect(worker.stderr()).toMatch(/key/);
});

describe('npm run events', () => {
  const events = (...args: readonly string[]) => runCommand(env(), '../../worker/src/commands/events.ts', ...args);

  test('status says what waits, what is parked, and what consumers could not take', async () => {
    await debit();
    await world.db.read.deadLetter.create({
      data: {
        ...{ consumer: 'notifications', eventId: randomUUID(), aggregateType: 'thing', aggregateId: 'x', seq: 1 },
        ...{ name: 'thing.happened', event: {}, attempts: 6, error: 'Error: x' },
      },
    });
    const { code, stdout } = await events('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[1-9]\d* events wait, the oldest for \d+\.\d s; 0 are parked\.$/m);
    expect(stdout).toMatch(/^ {2}partition +\d+ {2}[1-9]\d* waiting, 0 parked, the oldest for \d+\.\d s$/m);
    expect(stdout).toContain('1 dead letters; 0 more events in the queues of consumers.');
  });

  test('replay puts what was published since then into the queue of a consumer', async () => {
    await world.deliverEvents();
    const { stdout } = await events('status');
    const [, consumer = ''] = /^ {2}(\w\S*) +\d+ dead letters, 0 queued$/m.exec(stdout) ?? [];
    expect(consumer).not.toBe('');
    const replayed = await events('replay', consumer, '--since', '2020-01-01T00:00:00Z');
    expect(replayed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+ events since 2020-01-01T00:00:00.000Z/),
    });
  });

  test.each([
    [],
    ['look'],
    ['replay', 'nobody', '--since', '2020-01-01T00:00:00Z'],
    ['replay', 'nobody', '--since', 'yesterday'],
    ['replay'],
    ['retry', 'nobody'],
  ])('a wrong call %j is answered with exit code 2', async (...args) => {
    const { code, stderr } = await events(...args);
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
  });
});
