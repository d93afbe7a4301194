import { Unauthenticated } from '@morket/contract/errors';
import { anOrigin, aPerson, type Person, useWorld } from '@morket/testing';
import { beforeEach, expect, test } from 'vitest';

const world = useWorld();
const PAGE = { page: 1, limit: 100 };
let person: Person;
beforeEach(async () => {
  person = await aPerson(world);
});

const use = async (accessToken: string) => {
  const { access } = world.services;
  return access.userScope(await access.identify(accessToken), anOrigin());
};
const stateOf = (accessToken: string): Promise<string> =>
  use(accessToken).then(
    () => 'live',
    (err: unknown) => (Unauthenticated.is(err) ? err.details.reason : String(err)),
  );
const signIn = () => world.services.auth.login(person, anOrigin());

test('a person sees their live sessions, the newest first, and which one is this', async () => {
  const second = await signIn();
  const ended = await signIn();
  await world.services.sessions.logout(ended, anOrigin());
  const { items, total } = await world.services.sessions.list(await use(second.accessToken), PAGE);
  expect(total).toBe(2);
  expect(items.map(({ current }) => current)).toEqual([true, false]);
  expect(items[0]).toMatchObject({ ip: '127.0.0.1', userAgent: 'test' });
  expect(Object.keys(items[0] ?? {}).sort()).toEqual([
    'createdAt',
    'current',
    'expiresAt',
    'id',
    'ip',
    'lastSeenAt',
    'userAgent',
  ]);
});

test('an ended session is out with its next request', async () => {
  const second = await signIn();
  const scope = await use(second.accessToken);
  await world.services.sessions.revoke(person.scope, { sessionId: scope.sessionId });
  expect(await stateOf(second.accessToken)).toBe('revoked');
  expect(await stateOf(person.accessToken)).toBe('live');
});

test('ending all others ends exactly those', async () => {
  const others = [await signIn(), await signIn()];
  const stranger = await aPerson(world);
  expect(await world.services.sessions.revokeOthers(person.scope)).toEqual({ revoked: 2 });
  for (const { accessToken } of others) expect(await stateOf(accessToken)).toBe('revoked');
  expect(await stateOf(person.accessToken)).toBe('live');
  expect(await stateOf(stranger.accessToken)).toBe('live');
  expect(await world.services.sessions.revokeOthers(person.scope)).toEqual({ revoked: 0 });
});

test('nobody ends the session of another, which looks like none', async () => {
  const stranger = await aPerson(world);
  for (const sessionId of [stranger.scope.sessionId, crypto.randomUUID()]) {
    await expect(world.services.sessions.revoke(person.scope, { sessionId })).rejects.toMatchObject({
      code: 'auth.session_not_found',
    });
  }
  expect(await stateOf(stranger.accessToken)).toBe('live');
});

test('a disabled person is out with their next request', async () => {
  await world.db.read.user.update({ where: { id: person.user.id }, data: { disabledAt: new Date() } });
  expect(await stateOf(person.accessToken)).toBe('revoked');
});

test('a token of a person in the session of another is nobody’s', async () => {
  const stranger = await aPerson(world);
  const claims = { userId: person.user.id, sessionId: stranger.scope.sessionId, gen: 0 };
  await expect(world.services.access.userScope(claims, anOrigin())).rejects.toSatisfy(Unauthenticated.is);
});

test('a session is seen when it is used, once a minute at most', async () => {
  const { sessionId } = person.scope;
  const seenAt = async () => (await world.db.read.session.findUniqueOrThrow({ where: { id: sessionId } })).lastSeenAt;
  const before = await seenAt();
  await use(person.accessToken);
  expect(await seenAt()).toEqual(before);
  await world.db.read
    .$executeRaw`update sessions set last_seen_at = now() - interval '2 minutes' where id = ${sessionId}::uuid`;
  await use(person.accessToken);
  expect((await seenAt()).getTime()).toBeGreaterThanOrEqual(before.getTime());
});
