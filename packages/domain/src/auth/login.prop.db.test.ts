import { DomainError, ERROR_KINDS } from '@morket/contract/errors';
import { anOrigin, aPerson, type Person, unique, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import { beforeAll, expect, test } from 'vitest';

const world = useWorld();
let people: Person[];
beforeAll(async () => {
  people = await Promise.all(Array.from({ length: 4 }, () => aPerson(world)));
});

/**
 * Invariant: the access token of a login is about the person who signed in, in a session of their own, and lives for 15
 * minutes from now.
 */
test('property 2: a login token has the right subject and lives about 15 minutes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(3), async (which) => {
      const person = people[which % people.length];
      if (!person) return;
      const { accessToken, expiresIn, user } = await world.services.auth.login(person, anOrigin());
      const { sub, sid, iat = 0, exp = 0 } = decodeJwt(accessToken);
      expect(sub).toBe(person.user.id);
      expect(user).toEqual(person.user);
      expect(exp - iat).toBe(15 * 60);
      expect(expiresIn).toBe(15 * 60);
      expect(Math.abs(iat - Date.now() / 1_000)).toBeLessThan(5);
      const session = await world.db.read.session.findUnique({ where: { id: String(sid) } });
      expect(session?.userId).toBe(person.user.id);
    }),
    { numRuns: 100 },
  );
});

/** Everything a caller can see of a failed login. */
async function refusalOf(email: string, password: string) {
  const err: unknown = await world.services.auth.login({ email, password }, anOrigin()).then(
    () => 'signed in',
    (reason: unknown) => reason,
  );
  if (!(err instanceof DomainError)) return err;
  const { code, kind, message, details } = err;
  return { code, status: ERROR_KINDS[kind].status, message, details };
}

/** Invariant: a wrong address and a wrong password get one and the same 401, whatever the wrong password looks like. */
test('property 3: a wrong e-mail and a wrong password are refused alike', async () => {
  const wrong = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
    fc.constant('a'.repeat(73)),
    fc.constant('🦉'.repeat(19)),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(3), wrong, async (which, password) => {
      const person = people[which % people.length];
      if (!person || person.password === password) return;
      const known = await refusalOf(person.email, password);
      const unknown = await refusalOf(`nobody-${unique()}@example.com`, password);
      const rightPasswordWrongAddress = await refusalOf(`nobody-${unique()}@example.com`, person.password);
      expect(known).toEqual({
        code: 'auth.invalid_credentials',
        status: 401,
        message: 'E-mail or password is wrong.',
        details: {},
      });
      expect(unknown).toEqual(known);
      expect(rightPasswordWrongAddress).toEqual(known);
    }),
    { numRuns: 100 },
  );
});

test('a disabled account is refused like a wrong password', async () => {
  const person = await aPerson(world);
  await world.db.read.user.update({ where: { id: person.user.id }, data: { disabledAt: new Date() } });
  expect(await refusalOf(person.email, person.password)).toEqual(await refusalOf(person.email, 'wrong'));
});
