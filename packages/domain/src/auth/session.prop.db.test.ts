import { RefreshTokenRefused, type TokenPair } from '@morket/contract/auth';
import { Unauthenticated } from '@morket/contract/errors';
import { anOrigin, aPerson, type Person, sessionIdOf, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

const world = useWorld();
let person: Person;
beforeAll(async () => {
  person = await aPerson(world);
});

const signIn = () => world.services.auth.login(person, anOrigin());
const reasonOf = (err: unknown) =>
  RefreshTokenRefused.is(err) || Unauthenticated.is(err) ? err.details.reason : String(err);
const refresh = (refreshToken: string, idempotencyKey: string | null): Promise<TokenPair | string> =>
  world.services.sessions.refresh({ refreshToken, idempotencyKey }, anOrigin()).catch(reasonOf);
const use = async (accessToken: string): Promise<string> => {
  const { access } = world.services;
  return access.userScope(await access.identify(accessToken), anOrigin()).then(() => 'accepted', reasonOf);
};

type Step =
  | { readonly kind: 'refresh'; readonly back: number; readonly key: string | null }
  | { readonly kind: 'use' }
  | { readonly kind: 'wait' };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('refresh' as const),
      back: fc.constantFrom(0, 0, 0, 1, 1, 2),
      key: fc.constantFrom('key-one', 'key-two', null),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'use' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'wait' as const }) },
);

/**
 * Invariant: each refresh with the current token yields a new one; an older token yields the current one again only as an
 * honest retry (the predecessor, under the key of the rotation, within 60 s or while nobody has used the successor); any other
 * older token ends the session, whose every token is refused from then on.
 */
test('property 4: a refresh rotates, and the old token is refused by the rule', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 7 }), async (steps) => {
      const first = await signIn();
      const sessionId = await sessionIdOf(world, first.accessToken);
      const pairs: TokenPair[] = [first];
      const model = { observed: 0, key: null as string | null, fresh: true, revoked: false };

      for (const one of steps) {
        const gen = pairs.length - 1;
        if (one.kind === 'use') {
          expect(await use(pairs[gen]?.accessToken ?? '')).toBe(model.revoked ? 'revoked' : 'accepted');
          if (!model.revoked) model.observed = gen;
        } else if (one.kind === 'wait') {
          await world.db.read
            .$executeRaw`update sessions set rotated_at = rotated_at - interval '61 seconds' where id = ${sessionId}::uuid`;
          model.fresh = false;
        } else {
          const presented = pairs[Math.max(0, gen - one.back)];
          const back = Math.min(one.back, gen);
          const answer = await refresh(presented?.refreshToken ?? '', one.key);
          const isRetry =
            back === 1 && one.key !== null && one.key === model.key && (model.fresh || model.observed < gen);
          if (model.revoked) expect(answer).toBe('revoked');
          else if (back === 0) {
            if (typeof answer === 'string') throw new Error(`the current token was refused: ${answer}`);
            expect(pairs.map((pair) => pair.refreshToken)).not.toContain(answer.refreshToken);
            pairs.push(answer);
            Object.assign(model, { key: one.key, fresh: true });
          } else if (isRetry) expect(answer).toMatchObject({ refreshToken: pairs[gen]?.refreshToken });
          else {
            expect(answer).toBe('reused');
            model.revoked = true;
            for (const pair of pairs) expect(await use(pair.accessToken)).toBe('revoked');
          }
        }
      }
    }),
    { numRuns: 100 },
  );
});

/**
 * Invariant: after a logout with any token of a session, no token of that session is good for anything, and every other session
 * lives on.
 */
test('property 5: a logout ends the session, and only it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(2), fc.nat(2), async (rotations, presented) => {
      const pairs: TokenPair[] = [await signIn()];
      const other = await signIn();
      for (let rotation = 0; rotation < rotations; rotation += 1) {
        const next = await refresh(pairs.at(-1)?.refreshToken ?? '', null);
        if (typeof next === 'string') throw new Error(next);
        pairs.push(next);
      }
      const { refreshToken = '' } = pairs[Math.min(presented, rotations)] ?? {};
      await world.services.sessions.logout({ refreshToken }, anOrigin());
      await world.services.sessions.logout({ refreshToken }, anOrigin()); // again: no error
      for (const pair of pairs) {
        expect(await refresh(pair.refreshToken, null)).toBe('revoked');
        expect(await use(pair.accessToken)).toBe('revoked');
      }
      expect(await use(other.accessToken)).toBe('accepted');
      expect(await refresh(other.refreshToken, null)).toMatchObject({ expiresIn: 900 });
    }),
    { numRuns: 100 },
  );
});
