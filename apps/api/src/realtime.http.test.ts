import { createAccessTokens } from '@morket/domain/access';
import { record } from '@morket/domain/record';
import { appRouter } from '@morket/rpc';
import { aMember, anApiKey, anOrigin, aPerson, aTenant, unique } from '@morket/testing';
import type { EventStream } from '@morket/testing/event-stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { endOf, eventsIn, isNamed, isReady, MARK, useStreams } from '../test/streams.ts';

const scene = useStreams();
const { world, listen, listening, spend } = scene;

describe('a stream', () => {
  test('says that it is ready, and then what changed, but never to what', async () => {
    const stream = await listening(scene.tenant.owner);
    const { transaction } = await spend();
    const heard = await stream.next();
    expect(heard).toEqual({
      event: 'message',
      id: expect.stringMatching(/^\d+-\d+-\d+\.\d+\.\d+\.\d+\.\d+$/),
      data: {
        ...{ kind: 'event', name: 'billing.debited', entity: 'billing_account', entityId: scene.tenant.id },
        ...{ version: expect.any(Number), at: expect.stringMatching(/Z$/), actorId: scene.tenant.owner.user.id },
      },
    });
    expect(stream.text()).not.toContain(transaction.id);
    expect(stream.text()).not.toContain('errand');
  });

  test('tells only of the topics asked for: kinds of entities, and events', async () => {
    const stream = await listening(scene.tenant.owner, { topics: ['workspace.updated', 'credential', MARK] });
    await spend();
    await world.services.credentials.store(scene.tenant.scope, { providerName: 'hunter', key: unique() });
    await world.services.workspaces.update(scene.tenant.scope, { name: 'Another name' });
    const heard = await stream.until(isNamed('workspace.updated'));
    expect(eventsIn(heard).map(({ name }) => name)).toEqual(['credential.stored', 'workspace.updated']);
  });

  test('tells a burst once', async () => {
    const stream = await listening(scene.tenant.owner);
    await world.db.transaction(async (tx) => {
      for (let n = 0; n < 200; n += 1) {
        const aggregate = { type: 'form', id: n % 2 === 0 ? 'even' : 'odd' };
        await record(tx, scene.tenant.scope, { name: 'form.updated', version: 1, aggregate, payload: {} });
      }
      await record(tx, scene.tenant.scope, {
        name: 'form.deleted',
        version: 1,
        aggregate: { type: 'form', id: 'odd' },
        payload: {},
      });
    });
    const heard = eventsIn(await stream.until(isNamed('form.deleted')));
    expect(heard.map(({ name, entityId }) => `${name} ${entityId}`)).toEqual([
      'form.updated even',
      'form.updated odd',
      'form.deleted odd',
    ]);
  });

  test('says that it is alive while nothing happens, and how long its silence may last', async () => {
    const { sse } = appRouter._def._config;
    if (!sse?.ping) throw new Error('Streams are pinged.');
    const { intervalMs } = sse.ping;
    const { reconnectAfterInactivityMs = 0 } = sse.client ?? {};
    expect(reconnectAfterInactivityMs).toBeGreaterThan(2 * (intervalMs ?? 0));
    onTestFinished(() => void Object.assign(sse.ping ?? {}, { intervalMs }));
    // In a hundredth of the time.
    Object.assign(sse.ping, { intervalMs: 150 });
    const stream = await listen(scene.tenant.owner);
    expect(await stream.nextOfAny()).toMatchObject({ event: 'connected', data: { reconnectAfterInactivityMs } });
    await stream.until(isReady);
    expect(await stream.nextOfAny()).toMatchObject({ event: 'ping' });
    expect(await stream.nextOfAny()).toMatchObject({ event: 'ping' });
  });
});

/** What a stream tells of until credits were spent, but for marks. */
const namesUntilSpent = async (stream: EventStream): Promise<string[]> =>
  eventsIn(await stream.until(isNamed('billing.debited')))
    .map(({ name }) => name)
    .filter((name) => name !== MARK);

describe('who hears what', () => {
  test('another workspace hears nothing, whatever happens here', async () => {
    const foreign = await aTenant(world);
    const stream = await listening(foreign.owner, { in: foreign });
    await spend();
    await world.services.invitations.create(scene.tenant.scope, { email: `${unique()}@example.com`, role: 'viewer' });
    const [first] = await Promise.all([
      stream.next(),
      world.services.workspaces.update(foreign.scope, { name: 'Own' }),
    ]);
    expect(first?.data).toMatchObject({ name: 'workspace.updated', entityId: foreign.id });
    expect(stream.text()).not.toContain(scene.tenant.id);
    // Nor does it get there with a place in the stream of this one.
    const { place } = await listening(scene.tenant.owner);
    await spend();
    const resumed = await listen(foreign.owner, { in: foreign, after: place });
    const missed = eventsIn(await resumed.until(isReady)).filter(({ kind }) => kind !== 'ready');
    expect(missed.filter(({ entityId }) => entityId !== foreign.id)).toEqual([]);
  });

  test('what a role may not read it does not hear of', async () => {
    const [viewer, admin] = await Promise.all([
      aMember(world, scene.tenant, 'viewer'),
      aMember(world, scene.tenant, 'admin'),
    ]);
    const streams = await Promise.all([listening(viewer), listening(admin)]);
    await world.services.invitations.create(scene.tenant.scope, { email: `${unique()}@example.com`, role: 'viewer' });
    await spend();
    const [toViewer, toAdmin] = await Promise.all(streams.map((stream) => namesUntilSpent(stream)));
    expect(toViewer).toEqual(['billing.debited']);
    expect(toAdmin).toEqual(['workspace.invitation_created', 'billing.debited']);
  });

  test('what is for one person only they hear', async () => {
    const member = await aMember(world, scene.tenant, 'member');
    const streams = await Promise.all([listening(member), listening(scene.tenant.owner)]);
    await world.db.transaction((tx) =>
      record(tx, scene.tenant.scope, {
        ...{ name: 'notification.created', version: 1, aggregate: { type: 'notification', id: unique() } },
        payload: { userId: member.user.id, type: 'billing' },
      }),
    );
    await spend();
    const [toMember, toOwner] = await Promise.all(streams.map((stream) => namesUntilSpent(stream)));
    expect(toMember).toEqual(['notification.created', 'billing.debited']);
    expect(toOwner).toEqual(['billing.debited']);
  });

  test('an API key hears of what its scopes let it read, and nothing any more once it is revoked', async () => {
    const { apiKeys, credentials } = world.services;
    const { apiKey, secret } = await anApiKey(world, scene.tenant, { scopes: ['workspace:read', 'billing:read'] });
    const stream = await listening({ accessToken: secret });
    await credentials.store(scene.tenant.scope, { providerName: 'hunter', key: unique() });
    await spend();
    expect(await namesUntilSpent(stream)).toEqual(['billing.debited']);
    await apiKeys.revoke(scene.tenant.scope, { apiKeyId: apiKey.id });
    expect(await endOf(stream)).toMatchObject({ errorCode: 'access.unauthenticated', details: { reason: 'revoked' } });
  });

  test('nobody hears of an event that nothing is decided about', async () => {
    const stream = await listening(scene.tenant.owner);
    await world.db.transaction((tx) =>
      record(tx, scene.tenant.scope, {
        name: 'novelty.made',
        version: 1,
        aggregate: { type: 'novelty', id: 'n' },
        payload: {},
      }),
    );
    await spend();
    expect(await namesUntilSpent(stream)).toEqual(['billing.debited']);
  });
});

describe('a stream ends at once', () => {
  test('with the session', async () => {
    const member = await aMember(world, scene.tenant, 'member');
    const stream = await listening(member);
    await world.services.sessions.logout({ refreshToken: member.refreshToken }, anOrigin());
    expect(await endOf(stream)).toMatchObject({ errorCode: 'access.unauthenticated', details: { reason: 'revoked' } });
  });

  test('with the membership, and without telling of its end', async () => {
    const member = await aMember(world, scene.tenant, 'admin');
    const stream = await listening(member);
    await world.services.members.remove(scene.tenant.scope, { userId: member.user.id });
    await spend();
    const heard = await stream.until(({ event }) => event === 'serialized-error');
    expect(heard).toHaveLength(1);
    expect(heard[0]?.data).toMatchObject({ data: { errorCode: 'access.forbidden', httpStatus: 403 } });
  });

  test('with the workspace', async () => {
    const doomed = await aTenant(world);
    const stream = await listening(doomed.owner, { in: doomed });
    await world.services.workspaces.delete(doomed.scope);
    expect(await endOf(stream)).toMatchObject({ errorCode: 'access.forbidden' });
  });

  test('with the access token, so that it is opened again under a new one', async () => {
    const { jwtSecret } = world.configuration;
    const claims = await world.services.access.identify(scene.tenant.owner.accessToken);
    if (!('sessionId' in claims)) throw new Error('People have sessions.');
    // Four of the five seconds are over for which clocks may differ.
    const { accessToken } = await createAccessTokens({ jwtSecret, lifetimeSeconds: -4 }).sign(claims);
    const stream = await listening({ accessToken });
    expect(await endOf(stream)).toMatchObject({ errorCode: 'access.unauthenticated', details: { reason: 'expired' } });
  });

  test('a role that is taken away takes with it what only that role may hear', async () => {
    const member = await aMember(world, scene.tenant, 'admin');
    const stream = await listening(member);
    await world.services.members.updateRole(scene.tenant.scope, { userId: member.user.id, role: 'viewer' });
    await world.services.invitations.create(scene.tenant.scope, { email: `${unique()}@example.com`, role: 'viewer' });
    await spend();
    const heard = await namesUntilSpent(stream);
    expect(heard).toEqual(['workspace.member_role_changed', 'billing.debited']);
  });

  test('somebody without access never gets one', async () => {
    const refusals = [
      [await listen(await aPerson(world)), 'access.forbidden'],
      [await listen({ accessToken: 'x.y.z' }), 'access.unauthenticated'],
      [await listen(scene.tenant.owner, { in: { ...scene.tenant, id: crypto.randomUUID() } }), 'access.forbidden'],
    ] as const;
    for (const [stream, errorCode] of refusals) expect(await endOf(stream)).toMatchObject({ errorCode });
  });

  test('a token in the address opens nothing', async () => {
    const params = encodeURIComponent(JSON.stringify({ authorization: `Bearer ${scene.tenant.owner.accessToken}` }));
    const input = encodeURIComponent(JSON.stringify({ workspaceId: scene.tenant.id }));
    const answer = await fetch(`${scene.origin}/trpc/realtime.subscribe?input=${input}&connectionParams=${params}`);
    expect(await answer.text()).toContain('access.unauthenticated');
  });
});
