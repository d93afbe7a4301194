import { DomainError, Unauthenticated } from '@morket/contract/errors';
import type { Reader } from '@morket/db';
import { anOrigin, aPerson, createWorld, type Person, unique, useWorld } from '@morket/testing';
import { describe, expect, test } from 'vitest';
import { under } from '../../test/intents.ts';
import { isReplay } from '../idempotency/index.ts';
import { createPasswords } from '../passwords/index.ts';
import { createAuthService } from './auth.service.ts';

const world = useWorld();
const codeOf = (err: unknown): string => (err instanceof DomainError ? err.code : String(err));
const outcomeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', codeOf);
const signIn = (email: string, password: string) => world.services.auth.login({ email, password }, anOrigin());
const isLive = async ({ accessToken }: Pick<Person, 'accessToken'>): Promise<boolean> => {
  const { access } = world.services;
  return access.userScope(await access.identify(accessToken), anOrigin()).then(
    () => true,
    (err: unknown) => {
      if (Unauthenticated.is(err)) return false;
      throw err;
    },
  );
};

describe('registering', () => {
  test('makes an account, signs it in, and keeps the password as a hash alone', async () => {
    const person = await aPerson(world, { name: 'Ada' });
    expect(await world.services.auth.me(person.scope)).toEqual(person.user);
    expect(Object.keys(person.user).sort()).toEqual(['createdAt', 'email', 'id', 'name']);
    const row = await world.db.read.user.findUniqueOrThrow({ where: { id: person.user.id } });
    expect(row.passwordHash).toMatch(/^\$2b\$04\$/);
    expect(row.emailVerifiedAt).toBeNull();
  });

  test('one address many times at once makes one account', async () => {
    const email = `race-${unique()}@example.com`;
    const register = () =>
      world.services.auth.register({ email, password: `pass-${unique()}`, name: 'Ada' }, anOrigin());
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => outcomeOf(register())));
    expect(outcomes.sort()).toEqual([...Array(7).fill('auth.email_taken'), 'done']);
    expect(await world.db.read.user.count({ where: { email } })).toBe(1);
  });

  test.each([
    ['a common password', 'password123', 'too_common'],
    ['the product', 'Morket2026!', 'contains_context'],
    ['the own name', 'Quilloway99', 'contains_context'],
  ])('refuses %s', async (_, password, reason) => {
    const attempt = world.services.auth.register(
      { email: `x-${unique()}@example.com`, password, name: 'Ada Quilloway' },
      anOrigin(),
    );
    await expect(attempt).rejects.toMatchObject({ code: 'auth.password_refused', details: { reason } });
  });

  test('72 bytes of emoji are a password, and each of them counts', async () => {
    const password = `${'🦉'.repeat(17)}🦊`;
    const { email } = await aPerson(world, { password });
    expect(await outcomeOf(signIn(email, password))).toBe('done');
    for (const wrong of ['🦉'.repeat(18), `${password}x`, `${password}🦉`]) {
      expect(await outcomeOf(signIn(email, wrong))).toBe('auth.invalid_credentials');
    }
  });
});

describe('changing the password', () => {
  const change = (person: Person, currentPassword: string, newPassword: string) =>
    world.services.auth.changePassword(person.scope, { currentPassword, newPassword });

  test('ends the other sessions, keeps this one, and only the new password signs in', async () => {
    const person = await aPerson(world);
    const other = await signIn(person.email, person.password);
    await change(person, person.password, 'four random words here');
    expect([await isLive(person), await isLive(other)]).toEqual([true, false]);
    expect(await outcomeOf(signIn(person.email, person.password))).toBe('auth.invalid_credentials');
    expect(await outcomeOf(signIn(person.email, 'four random words here'))).toBe('done');
  });

  test('wants the current one, a new one, and none from the list', async () => {
    const person = await aPerson(world, { name: 'Ada Quilloway' });
    expect(await outcomeOf(change(person, 'not it at all', 'four random words'))).toBe('auth.current_password_wrong');
    for (const [password, reason] of [
      [person.password, 'unchanged'],
      ['password123', 'too_common'],
      ['quilloway1', 'contains_context'],
    ] as const) {
      await expect(change(person, person.password, password)).rejects.toMatchObject({ details: { reason } });
    }
    expect(await outcomeOf(signIn(person.email, person.password))).toBe('done');
  });

  test('twice at once with the same proof: one wins', async () => {
    for (let round = 0; round < 5; round += 1) {
      const person = await aPerson(world);
      const outcomes = await Promise.all(
        ['first new password', 'second new password'].map((next) => outcomeOf(change(person, person.password, next))),
      );
      expect(outcomes.sort()).toEqual(['auth.current_password_wrong', 'done']);
    }
  });

  test('repeated while the first is under way: the password it has replaced itself is no wrong proof', async () => {
    const person = await aPerson(world);
    const [currentPassword, newPassword] = [person.password, 'four random words'];
    const { auth } = world.services;
    const call = () => under(person.scope, 'one and the same', { procedure: 'auth.changePassword' });
    // The first commits after the repetition has looked for its answer, and before it reads the password.
    let isFirstLook = true;
    const look = async (...query: Parameters<Reader['$queryRaw']>) => {
      const found = await world.db.read.$queryRaw(...query);
      if (isFirstLook) {
        isFirstLook = false;
        await auth.changePassword(call(), { currentPassword, newPassword });
      }
      return found;
    };
    const read = new Proxy(world.db.read, {
      get: (reader, name) => (name === '$queryRaw' ? look : Reflect.get(reader, name)),
    });
    const db = { ...world.db, read };
    const passwords = createPasswords({ rounds: 4, threads: 1 });
    const untouched = () => Promise.reject(new Error('A repetition changes no session.'));
    const sessions = { openSessionIn: untouched, tokensOf: untouched, revokeIn: untouched };
    const repeating = createAuthService({ db, passwords, sessions });
    const late = call();
    const repeated = repeating.changePassword(late, { currentPassword, newPassword }).finally(passwords.close);
    expect(await repeated).toBeNull();
    expect(isReplay(late)).toBe(true);
  });

  test('while somebody signs in with the old one: no session of the old password survives', async () => {
    for (let round = 0; round < 10; round += 1) {
      const person = await aPerson(world);
      const [, login] = await Promise.allSettled([
        change(person, person.password, 'four random words'),
        signIn(person.email, person.password),
      ]);
      if (login.status === 'fulfilled') expect(await isLive(login.value)).toBe(false);
      expect(await isLive(person)).toBe(true);
    }
  });
});

test('signing in renews a hash of a lower cost, once', async () => {
  const person = await aPerson(world);
  const stronger = await createWorld({ databaseUrl: world.databaseUrl, env: { BCRYPT_ROUNDS: '5' } });
  const hashOf = async () =>
    (await world.db.read.user.findUniqueOrThrow({ where: { id: person.user.id } })).passwordHash;
  await stronger.services.auth.login(person, anOrigin());
  const renewed = await hashOf();
  expect(renewed).toMatch(/^\$2b\$05\$/);
  await stronger.services.auth.login(person, anOrigin());
  await world.services.auth.login(person, anOrigin());
  expect(await hashOf()).toBe(renewed);
  await stronger.close();
});

test('many signing in at once each get a session of their own, also while the hash is renewed', async () => {
  const person = await aPerson(world);
  const stronger = await createWorld({ databaseUrl: world.databaseUrl, env: { BCRYPT_ROUNDS: '5' } });
  const pairs = await Promise.all(Array.from({ length: 4 }, () => stronger.services.auth.login(person, anOrigin())));
  await stronger.close();
  expect(new Set(pairs.map(({ refreshToken }) => refreshToken)).size).toBe(4);
});

test('a new name is there afterwards', async () => {
  const person = await aPerson(world, { name: 'Ada' });
  expect(await world.services.auth.updateProfile(person.scope, { name: 'Ada King' })).toMatchObject({
    name: 'Ada King',
    email: person.email,
  });
  expect(await world.services.auth.me(person.scope)).toMatchObject({ name: 'Ada King' });
});
