import { RefreshTokenRefused, type TokenPair } from '@morket/contract/auth';
import { Unauthenticated } from '@morket/contract/errors';
import { anOrigin, aPerson, createWorld, type Person, sessionIdOf, useWorld } from '@morket/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

const world = useWorld();
let person: Person;
beforeAll(async () => {
  person = await aPerson(world);
});

let first: TokenPair;
let sessionId: string;
beforeEach(async () => {
  first = await world.services.auth.login(person, anOrigin());
  sessionId = await sessionIdOf(world, first.accessToken);
});

const KEY = 'retry-key-1';
const refresh = (refreshToken: string, idempotencyKey: string | null = null) =>
  world.services.sessions.refresh({ refreshToken, idempotencyKey }, anOrigin());
const reasonOf = (err: unknown): string =>
  RefreshTokenRefused.is(err) || Unauthenticated.is(err) ? err.details.reason : String(err);
const outcomeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', reasonOf);
const use = async (accessToken: string) => {
  const { access } = world.services;
  return access.userScope(await access.identify(accessToken), anOrigin());
};
const session = () => world.db.read.session.findUniqueOrThrow({ where: { id: sessionId } });
/** Lets the last rotation lie `seconds` further back. */
const age = (seconds: number) => world.db.read.$executeRaw`
  update sessions set rotated_at = rotated_at - make_interval(secs => ${seconds}::int) where id = ${sessionId}::uuid`;

describe('the old token once more', () => {
  test('under the same key within 60 s: the very same successor, and nothing moves', async () => {
    const successor = await refresh(first.refreshToken, KEY);
    await use(successor.accessToken);
    const before = await session();
    const again = await refresh(first.refreshToken, KEY);
    expect(again.refreshToken).toBe(successor.refreshToken);
    expect(await outcomeOf(use(again.accessToken))).toBe('done');
    expect(await session()).toMatchObject({ gen: 1, rotatedAt: before.rotatedAt, idleExpiresAt: before.idleExpiresAt });
  });

  test('under the same key much later, while nobody has used the successor: the same successor', async () => {
    const successor = await refresh(first.refreshToken, KEY);
    await age(3_600);
    expect((await refresh(first.refreshToken, KEY)).refreshToken).toBe(successor.refreshToken);
  });

  test('under the same key later than 60 s, when the successor was used: reuse', async () => {
    const successor = await refresh(first.refreshToken, KEY);
    await use(successor.accessToken);
    await age(61);
    expect(await outcomeOf(refresh(first.refreshToken, KEY))).toBe('reused');
    expect(await outcomeOf(refresh(successor.refreshToken))).toBe('revoked');
  });

  test.each([
    ['another key', 'retry-key-2'],
    ['no key', null],
    ['the key in another case', KEY.toUpperCase()],
  ])('under %s, a moment later: reuse', async (_, key) => {
    await refresh(first.refreshToken, KEY);
    expect(await outcomeOf(refresh(first.refreshToken, key))).toBe('reused');
  });

  test('under a key, when the rotation had none: reuse', async () => {
    await refresh(first.refreshToken, null);
    expect(await outcomeOf(refresh(first.refreshToken, KEY))).toBe('reused');
  });

  test('two generations back, under any key: reuse', async () => {
    const second = await refresh(first.refreshToken, KEY);
    await refresh(second.refreshToken, KEY);
    expect(await outcomeOf(refresh(first.refreshToken, KEY))).toBe('reused');
  });
});

test('reuse ends the session at once, its access tokens included, and says why', async () => {
  const successor = await refresh(first.refreshToken);
  expect(await outcomeOf(use(successor.accessToken))).toBe('done');
  expect(await outcomeOf(refresh(first.refreshToken))).toBe('reused');
  for (const { accessToken } of [first, successor]) expect(await outcomeOf(use(accessToken))).toBe('revoked');
  expect(await session()).toMatchObject({ revokeReason: 'refresh_reused' });
  const events = await world.db.read.outboxEvent.findMany({
    where: { aggregateId: sessionId, name: 'auth.session_revoked' },
  });
  expect(events.map(({ payload }) => payload)).toEqual([{ userId: person.user.id, reason: 'refresh_reused' }]);
});

describe('many at once', () => {
  test('under one key: one rotation, one successor for all', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { refreshToken } = await world.services.auth.login(person, anOrigin());
      const pairs = await Promise.all(Array.from({ length: 12 }, () => refresh(refreshToken, KEY)));
      expect(new Set(pairs.map((pair) => pair.refreshToken)).size).toBe(1);
      for (const pair of pairs) expect(await outcomeOf(use(pair.accessToken))).toBe('done');
    }
  });

  test('under two keys: one gets the successor, the other is reuse and ends the session', async () => {
    const outcomes = await Promise.all([
      outcomeOf(refresh(first.refreshToken, KEY)),
      outcomeOf(refresh(first.refreshToken, 'retry-key-2')),
    ]);
    expect(outcomes.sort()).toEqual(['done', 'reused']);
    expect(await outcomeOf(use(first.accessToken))).toBe('revoked');
  });

  test('without a key: one gets the successor, all others are refused', async () => {
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => outcomeOf(refresh(first.refreshToken))));
    expect(outcomes.sort()).toEqual(['done', 'reused', 'revoked', 'revoked', 'revoked', 'revoked']);
  });

  test('a refresh and a logout at once never leave a live successor', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { refreshToken } = await world.services.auth.login(person, anOrigin());
      const [rotated] = await Promise.allSettled([
        refresh(refreshToken),
        world.services.sessions.logout({ refreshToken }, anOrigin()),
      ]);
      if (rotated.status === 'rejected') continue;
      expect(await outcomeOf(refresh(rotated.value.refreshToken))).toBe('revoked');
      expect(await outcomeOf(use(rotated.value.accessToken))).toBe('revoked');
    }
  });
});

describe('expiry', () => {
  test('rotation never moves the absolute expiry, and the idle expiry never passes it', async () => {
    const { absoluteExpiresAt } = await session();
    const soon = new Date(Date.now() + 3_600_000);
    await world.db.read.session.update({
      where: { id: sessionId },
      data: { absoluteExpiresAt: soon, idleExpiresAt: soon },
    });
    const second = await refresh(first.refreshToken);
    await refresh(second.refreshToken);
    expect(await session()).toMatchObject({ absoluteExpiresAt: soon, idleExpiresAt: soon, gen: 2 });
    expect(absoluteExpiresAt.getTime() - Date.now()).toBeGreaterThan(29 * 24 * 3_600_000);
  });

  test('rotation gives another idle week', async () => {
    const inADay = new Date(Date.now() + 24 * 3_600_000);
    await world.db.read.session.update({ where: { id: sessionId }, data: { idleExpiresAt: inADay } });
    await refresh(first.refreshToken);
    const { idleExpiresAt } = await session();
    expect(Math.abs(idleExpiresAt.getTime() - Date.now() - 7 * 24 * 3_600_000)).toBeLessThan(10_000);
  });

  test.each(['idleExpiresAt', 'absoluteExpiresAt'] as const)(
    'past %s the token is expired, and says so',
    async (field) => {
      const past = new Date(Date.now() - 1_000);
      await world.db.read.session.update({ where: { id: sessionId }, data: { idleExpiresAt: past, [field]: past } });
      expect(await outcomeOf(refresh(first.refreshToken))).toBe('expired');
      expect(await session()).toMatchObject({ revokedAt: null, gen: 0 });
    },
  );

  test('past the absolute expiry no access token is good either', async () => {
    const past = new Date(Date.now() - 1_000);
    await world.db.read.session.update({
      where: { id: sessionId },
      data: { idleExpiresAt: past, absoluteExpiresAt: past },
    });
    expect(await outcomeOf(use(first.accessToken))).toBe('expired');
  });
});

test('a token that is not genuine is invalid and revokes nothing', async () => {
  const stranger = await createWorld({
    databaseUrl: world.databaseUrl,
    env: { JWT_SECRET: 'the secret of some other installation' },
  });
  const forged = await stranger.services.auth.login(person, anOrigin());
  await stranger.close();
  for (const token of ['', 'v1.', first.accessToken, forged.refreshToken])
    expect(await outcomeOf(refresh(token))).toBe('invalid');
  expect(await outcomeOf(refresh(first.refreshToken))).toBe('done');
});

test('one session may refresh 30 times a minute', async () => {
  const limited = await createWorld({ databaseUrl: world.databaseUrl, env: { RATE_LIMIT_AUTH_PER_MINUTE: '5' } });
  try {
    let current = first.refreshToken;
    const rotate = async () => {
      const pair = await limited.services.sessions.refresh({ refreshToken: current, idempotencyKey: null }, anOrigin());
      current = pair.refreshToken;
    };
    for (let turn = 0; turn < 30; turn += 1) await rotate();
    await expect(rotate()).rejects.toMatchObject({ code: 'request.rate_limited', details: { policy: 'session' } });
    const other = await world.services.auth.login(person, anOrigin());
    await limited.services.sessions.refresh({ refreshToken: other.refreshToken, idempotencyKey: null }, anOrigin());
  } finally {
    await limited.close();
  }
});
