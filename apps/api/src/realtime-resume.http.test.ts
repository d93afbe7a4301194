import { aMember, createWorld, unique } from '@morket/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { endOf, eventsIn, isNamed, isReady, kindOf, MARK, useStreams } from '../test/streams.ts';

const scene = useStreams();
const { world, listen, listening, spend } = scene;

describe('coming back', () => {
  test('what was missed is told first, then that it is live again', async () => {
    const stream = await listening(scene.tenant.owner);
    await spend();
    const before = await stream.next();
    stream.close();
    await world.services.workspaces.update(scene.tenant.scope, { name: 'Missed' });
    await spend();
    // Once somebody has heard of it, it is settled.
    await listening(scene.tenant.owner);
    const resumed = await listen(scene.tenant.owner, { after: before?.id ?? '' });
    const heard = eventsIn(await resumed.until(isReady));
    expect(heard.map(({ kind, name }) => name ?? kind)).toEqual([
      'workspace.updated',
      'billing.debited',
      MARK,
      'ready',
    ]);
  });

  const place = async () => (await listening(scene.tenant.owner)).place.split('.');

  test.each<[string, string, () => Promise<string>]>([
    ['garbage', 'unknown_position', async () => 'garbage'],
    ['numbers that no database holds', 'unknown_position', async () => `${(await place())[0]}.1.${'9'.repeat(19)}.1.1`],
    ['a place of another database', 'unknown_position', async () => ['1-1-1', ...(await place()).slice(1)].join('.')],
    [
      'a place that is still to come',
      'unknown_position',
      async () => {
        const [epoch, , , ...rest] = await place();
        return [epoch, '1', String(2n ** 62n), ...rest].join('.');
      },
    ],
    [
      'a place of the day before yesterday',
      'too_old',
      async () => [...(await place()).slice(0, 4), Math.floor(Date.now() / 1_000) - 2 * 86_400].join('.'),
    ],
  ])('%s is answered with a reset, from which it goes on', async (_, reason, idOf) => {
    const stream = await listen(scene.tenant.owner, { after: await idOf() });
    const heard = await stream.until(isReady);
    expect(heard.map(({ data }) => data)).toEqual([{ kind: 'reset', reason }, { kind: 'ready' }]);
    await spend();
    await stream.until(isNamed('billing.debited'));
    const resumed = await listen(scene.tenant.owner, { after: heard[0]?.id ?? '' });
    const missed = eventsIn(await resumed.until(isReady));
    expect(missed.filter(({ name }) => name !== MARK).map(({ kind }) => kind)).toEqual(['event', 'ready']);
  });

  test('more than can be told is a reset', async () => {
    const before = await listening(scene.tenant.owner);
    await fill(1_001);
    // Told to whoever is there, too: so it is settled.
    await before.until((heard) => kindOf(heard) === 'reset');
    const stream = await listen(scene.tenant.owner, { after: before.place });
    const heard = await stream.until(isReady);
    expect(heard.map(({ data }) => data)).toEqual([{ kind: 'reset', reason: 'too_much' }, { kind: 'ready' }]);
  });
});

/** Events of so many new forms, in one transaction. */
const fill = (count: number) => world.db.read.$executeRaw`
  insert into outbox (id, partition, workspace_id, name, version, aggregate_type, aggregate_id, payload)
  select gen_random_uuid(), 0, ${scene.tenant.id}::uuid, 'form.updated', 1, 'form', ${unique()} || n, '{}'
    from generate_series(1, ${count}::int) n`;

test('nobody holds streams without end', async () => {
  const greedy = await aMember(world, scene.tenant, 'member');
  const streams = await Promise.all(Array.from({ length: 21 }, () => listen(greedy)));
  const firsts = await Promise.all(streams.map((stream) => stream.next()));
  const refused = firsts.filter((heard) => heard?.event === 'serialized-error');
  expect(refused).toHaveLength(1);
  expect(refused[0]?.data).toMatchObject({
    data: { errorCode: 'realtime.too_many_streams', httpStatus: 429, details: { maxStreams: 20 } },
  });
  for (const stream of streams) stream.close();
  await expect
    .poll(async () => (await (await listen(greedy)).next())?.data, { timeout: 20_000 })
    .toEqual({ kind: 'ready' });
});

describe('several processes on one database', () => {
  test('each tells what happens in the others, and goes on where another one ended', async () => {
    const other = await createWorld({ databaseUrl: world.databaseUrl });
    onTestFinished(() => other.close());
    const at = await other.app.listen({ host: '127.0.0.1', port: 0 });
    const there = await listening(scene.tenant.owner, { at });
    await spend();
    const heard = await there.next();
    expect(heard?.data).toMatchObject({ name: 'billing.debited' });
    there.close();
    await world.services.workspaces.update(scene.tenant.scope, { name: 'Between' });
    await listening(scene.tenant.owner, { at });
    const here = await listen(scene.tenant.owner, { after: heard?.id ?? '' });
    const missed = eventsIn(await here.until(isReady)).map(({ kind, name }) => name ?? kind);
    expect(missed).toEqual(['workspace.updated', MARK, 'ready']);
  });

  test('one that closes ends its streams, so that they are opened elsewhere', async () => {
    const closing = await createWorld({ databaseUrl: world.databaseUrl });
    const at = await closing.app.listen({ host: '127.0.0.1', port: 0 });
    const streams = await Promise.all([listening(scene.tenant.owner, { at }), listening(scene.tenant.owner, { at })]);
    const startedAt = performance.now();
    const closed = closing.close();
    for (const stream of streams) {
      expect(await endOf(stream)).toMatchObject({ errorCode: 'server.unavailable', details: { retryAfterSeconds: 1 } });
    }
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
