import { DomainError, RateLimited, Unauthenticated } from '@morket/contract/errors';
import {
  can,
  isKeyPermission,
  KEY_PERMISSIONS,
  PERMISSIONS,
  type Permission,
  Role,
} from '@morket/contract/permissions';
import type { Prisma } from '@morket/db';
import { aMember, anApiKey, anOrigin, aPerson, aTenant, scopeIn, type Tenant, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { apiKeyText } from './api-key-text.model.ts';
import { createKeyAccess } from './key-access.ts';
import { createKeyReader } from './principal-reader.ts';
import type { RequestOrigin, WorkspaceScope } from './scope.ts';
import type { TenantSources } from './tenant.model.ts';

const world = useWorld();
let tenant: Tenant;
beforeEach(async () => {
  tenant = await aTenant(world);
});

type Wanted = { readonly permission?: Permission; readonly origin?: RequestOrigin } & Partial<TenantSources>;

async function scopeOf(secret: string, { permission = 'workspace:read', origin = anOrigin(), ...named }: Wanted = {}) {
  const { access } = world.services;
  const sources = { input: undefined, headers: [], subdomain: undefined, ...named };
  return access.workspaceScope(await access.identify(secret), origin, { sources, permission });
}

/** The workspace a key acts in, or the code of the refusal with its reason. */
const outcomeOf = (secret: string, wanted: Wanted = {}): Promise<string> =>
  scopeOf(secret, wanted).then(
    ({ workspaceId }) => workspaceId,
    (err: unknown) => {
      if (Unauthenticated.is(err)) return `${err.code} ${err.details.reason}`;
      return err instanceof DomainError ? err.code : String(err);
    },
  );

const unknownKey = () => apiKeyText(crypto.getRandomValues(new Uint8Array(32)));

test('a key acts in its workspace in the name of its maker, and says that it is a key', async () => {
  const admin = await aMember(world, tenant, 'admin');
  const scope = await scopeIn(world, admin, tenant.id, 'apiKey:manage');
  const { apiKey, secret } = await anApiKey(world, tenant, { scope });
  expect(await scopeOf(secret)).toMatchObject({
    ...{ workspaceId: tenant.id, actorId: admin.user.id, apiKeyId: apiKey.id },
    ...{ sessionId: null, role: 'admin', impersonatorId: null },
  });
});

/** Invariant: a key may do exactly what its scopes and the role its maker has now both allow, over all roles, permissions and scopes. */
test('key scopes ∩ current role, over all of them', async () => {
  const maker = await aMember(world, tenant, 'owner');
  const names = Object.keys(PERMISSIONS) as Permission[]; // Object.keys forgets the names
  const scope = await scopeIn(world, maker, tenant.id, 'apiKey:manage');
  const { apiKey: all, secret: holdsAll } = await anApiKey(world, tenant, { scopes: KEY_PERMISSIONS, scope });
  const setRole = (role: Role) => world.services.members.updateRole(tenant.scope, { userId: maker.user.id, role });
  for (const role of Role.options) {
    await setRole(role);
    for (const permission of names) {
      const refusal = isKeyPermission(permission) ? 'access.forbidden' : 'access.scope_missing';
      const allowed = isKeyPermission(permission) && can(role, permission);
      expect(await outcomeOf(holdsAll, { permission }), `${role} ${permission}`).toBe(allowed ? tenant.id : refusal);
    }
  }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Role.options),
      fc.subarray([...KEY_PERMISSIONS], { minLength: 1 }),
      fc.constantFrom(...names),
      async (role, scopes, permission) => {
        await setRole(role);
        await world.db.read.apiKey.update({ where: { id: all.id }, data: { scopes } });
        const holds = (scopes as readonly string[]).includes(permission); // of another type than the permission
        const refusal = holds ? 'access.forbidden' : 'access.scope_missing';
        expect(await outcomeOf(holdsAll, { permission })).toBe(holds && can(role, permission) ? tenant.id : refusal);
      },
    ),
    { numRuns: 100 },
  );
});

test('a scope that is given to no key counts for nothing, also where it is stored', async () => {
  const { apiKey, secret } = await anApiKey(world, tenant);
  const scopes = ['apiKey:manage', 'workspace:delete', 'no:such', 'workspace:read'];
  await world.db.read.apiKey.update({ where: { id: apiKey.id }, data: { scopes } });
  expect(await outcomeOf(secret)).toBe(tenant.id);
  for (const permission of ['apiKey:manage', 'workspace:delete', 'member:manage', 'invitation:manage'] as const) {
    expect(await outcomeOf(secret, { permission })).toBe('access.scope_missing');
  }
  const { items } = await world.services.apiKeys.list(tenant.scope, { page: 1, limit: 20 });
  expect(items[0]?.scopes).toEqual(['workspace:read']);
});

test.each([-1, 1])('a fresh key lives where the clock of the application is %i h off the database’s', async (hours) => {
  const person = await aPerson(world);
  const join = () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 });
    return aMember(world, tenant, 'admin', person).finally(() => vi.useRealTimers());
  };
  const admin = await join();
  const made = await anApiKey(world, tenant, { scope: await scopeIn(world, admin, tenant.id, 'apiKey:manage') });
  expect([made.apiKey.state, await outcomeOf(made.secret)]).toEqual(['active', tenant.id]);
  // Nor does it come back to life with its maker.
  await world.services.members.remove(tenant.scope, { userId: admin.user.id });
  await join();
  expect(await outcomeOf(made.secret)).toBe('access.unauthenticated revoked');
});

describe('a key ends at once', () => {
  const REVOKED = 'access.unauthenticated revoked';

  test('when it is revoked, and when it expires', async () => {
    const [one, two] = [await anApiKey(world, tenant), await anApiKey(world, tenant)];
    await world.services.apiKeys.revoke(tenant.scope, { apiKeyId: one.apiKey.id });
    await world.db.read.apiKey.update({ where: { id: two.apiKey.id }, data: { expiresAt: new Date() } });
    expect(await outcomeOf(one.secret)).toBe(REVOKED);
    expect(await outcomeOf(two.secret)).toBe('access.unauthenticated expired');
  });

  test('when its maker is removed, and stays dead when they come back', async () => {
    const admin = await aMember(world, tenant, 'admin');
    const made = await anApiKey(world, tenant, { scope: await scopeIn(world, admin, tenant.id, 'apiKey:manage') });
    expect(await outcomeOf(made.secret)).toBe(tenant.id);
    await world.services.members.remove(tenant.scope, { userId: admin.user.id });
    expect(await outcomeOf(made.secret)).toBe(REVOKED);
    await aMember(world, tenant, 'owner', admin);
    expect(await outcomeOf(made.secret)).toBe(REVOKED);
    const fresh = await anApiKey(world, tenant, { scope: await scopeIn(world, admin, tenant.id, 'apiKey:manage') });
    expect(await outcomeOf(fresh.secret)).toBe(tenant.id);
  });

  test('when its maker’s account is disabled, and when its workspace is deleted', async () => {
    const { secret } = await anApiKey(world, tenant);
    const id = tenant.owner.user.id;
    await world.db.read.user.update({ where: { id }, data: { disabledAt: new Date() } });
    expect(await outcomeOf(secret)).toBe(REVOKED);
    await world.db.read.user.update({ where: { id }, data: { disabledAt: null } });
    expect(await outcomeOf(secret)).toBe(tenant.id);
    await world.services.workspaces.delete(tenant.scope);
    expect(await outcomeOf(secret)).toBe(REVOKED);
  });

  test('but not when its maker signs out, changes the password, or is a member elsewhere no more', async () => {
    const { secret } = await anApiKey(world, tenant);
    const other = await aTenant(world);
    await aMember(world, other, 'admin', tenant.owner);
    await world.services.members.remove(other.scope, { userId: tenant.owner.user.id });
    await world.services.sessions.logout(tenant.owner, anOrigin());
    expect(await outcomeOf(secret)).toBe(tenant.id);
  });
});

describe('a key names its workspace', () => {
  test('by itself, and whatever else names one must name the same', async () => {
    const { secret } = await anApiKey(world, tenant);
    const { id, workspace } = tenant;
    const other = await aTenant(world, { owner: tenant.owner });
    for (const named of [{}, { input: id }, { headers: [id.toUpperCase()] }, { subdomain: workspace.slug }]) {
      expect(await outcomeOf(secret, named)).toBe(id);
    }
    // One of the maker's own, one of others, and one that does not exist: all alike.
    for (const foreign of [other.id, (await aTenant(world)).id, crypto.randomUUID()]) {
      expect(await outcomeOf(secret, { input: foreign })).toBe('access.workspace_conflict');
      expect(await outcomeOf(secret, { headers: [foreign] })).toBe('access.workspace_conflict');
      expect(await outcomeOf(secret, { input: id, headers: [foreign] })).toBe('access.workspace_conflict');
    }
    for (const subdomain of [other.workspace.slug, 'no-such-workspace']) {
      expect(await outcomeOf(secret, { subdomain })).toBe('access.workspace_conflict');
    }
  });

  test('whatever the maker’s sessions have chosen', async () => {
    const { secret } = await anApiKey(world, tenant);
    const other = await aTenant(world, { owner: tenant.owner });
    await world.services.workspaces.setActive(tenant.owner.scope, { workspaceId: other.id });
    expect(await outcomeOf(secret)).toBe(tenant.id);
  });
});

describe('what is presented', () => {
  const identify = (bearer: string | null, apiKey: string | null = null) =>
    world.services.access.identify(bearer, apiKey).then(
      (claims) => ('keyHash' in claims ? 'key' : 'session'),
      (err: unknown) => (err instanceof DomainError ? err.code : String(err)),
    );

  test('a key is taken from either header, or from both when it is the same', async () => {
    const { secret } = await anApiKey(world, tenant);
    const { accessToken } = tenant.owner;
    expect(await identify(secret)).toBe('key');
    expect(await identify(null, secret)).toBe('key');
    expect(await identify(secret, secret)).toBe('key');
    expect(await identify(accessToken)).toBe('session');
    for (const other of [accessToken, unknownKey(), 'x']) {
      expect(await identify(other, secret)).toBe('access.credential_conflict');
    }
  });

  test('what is no key is refused before anything is looked up, and an unknown one after', async () => {
    for (const none of ['', 'x', 'mk_live_', tenant.owner.accessToken, unknownKey().slice(0, -1)]) {
      expect(await identify(null, none)).toBe('access.unauthenticated');
    }
    expect(await identify('mk_live_mistyped')).toBe('access.unauthenticated');
    expect(await outcomeOf(unknownKey())).toBe('access.unauthenticated invalid');
  });

  test('an account is nothing for a key, good or not', async () => {
    const { access } = world.services;
    const { secret } = await anApiKey(world, tenant);
    for (const key of [secret, unknownKey()]) {
      const scope = access.userScope(await access.identify(key), anOrigin());
      await expect(scope).rejects.toMatchObject({ code: 'access.session_required' });
    }
  });
});

describe('last used', () => {
  const lastUsed = async (id: string) => (await world.db.read.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt;
  const ageBy = (id: string, seconds: number) =>
    world.db.read
      .$executeRaw`update api_keys set last_used_at = now() - make_interval(secs => ${seconds}::int) where id = ${id}::uuid`;

  test('is noted without being waited for, and at most once a minute', async () => {
    const { apiKey, secret } = await anApiKey(world, tenant);
    await Promise.all(Array.from({ length: 20 }, () => scopeOf(secret)));
    const first = await vi.waitFor(async () => {
      const noted = await lastUsed(apiKey.id);
      expect(noted).not.toBeNull();
      return noted;
    });
    await scopeOf(secret);
    expect(await lastUsed(apiKey.id)).toEqual(first);
    await ageBy(apiKey.id, 55);
    const before = await lastUsed(apiKey.id);
    await scopeOf(secret);
    expect(await lastUsed(apiKey.id)).toEqual(before);
    await ageBy(apiKey.id, 65);
    await scopeOf(secret);
    await vi.waitFor(async () => expect(Number(await lastUsed(apiKey.id))).toBeGreaterThan(Number(before)));
  });

  test('is not noted for a key that is refused', async () => {
    const { apiKey, secret } = await anApiKey(world, tenant);
    await world.services.apiKeys.revoke(tenant.scope, { apiKeyId: apiKey.id });
    expect(await outcomeOf(secret)).toMatch(/revoked/);
    expect(await lastUsed(apiKey.id)).toBeNull();
  });
});

describe('what has never been seen to be a key', () => {
  /** A process that has just begun; `charged` and `looked` count what it did. */
  function aFreshProcess() {
    const seen = { charged: 0, looked: 0 };
    const points = {
      readJson: <T>(statement: Prisma.Sql) => {
        seen.looked += 1;
        return world.db.points.readJson<T>(statement);
      },
    };
    const access = createKeyAccess({ db: { points, read: world.db.read }, onFailure: () => undefined });
    const charge = async () => {
      seen.charged += 1;
    };
    const prove = (secret: string, origin = anOrigin(), by = charge) =>
      access.prove(access.claimsOf(secret), origin, by).catch((err: unknown) => {
        if (err instanceof DomainError) return err.code;
        throw err;
      });
    return { seen, prove, drain: access.drain };
  }

  test('is charged and looked up once for all that come at once, good or not, and a good one never again', async () => {
    const { apiKey, secret } = await anApiKey(world, tenant);
    const { seen, prove, drain } = aFreshProcess();
    const [good, forged] = [secret, unknownKey()];
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => prove(good))))).toEqual(new Set([apiKey.id]));
    expect(seen).toEqual({ charged: 1, looked: 1 });
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => prove(forged)));
    expect(new Set(verdicts)).toEqual(new Set(['access.unauthenticated']));
    expect(seen).toEqual({ charged: 2, looked: 2 });
    await Promise.all([prove(good), prove(forged)]);
    expect(seen).toEqual({ charged: 3, looked: 3 });
    await drain();
  });

  test('is not looked up where the charge is refused, and each address has its own', async () => {
    const { apiKey, secret } = await anApiKey(world, tenant);
    const { seen, prove, drain } = aFreshProcess();
    const refuse = () => Promise.reject(RateLimited({ policy: 'key', retryAfterSeconds: 1 }));
    const elsewhere = { ...anOrigin(), ip: '192.0.2.7' };
    const verdicts = await Promise.all([
      prove(secret, elsewhere, refuse),
      prove(secret, { ...elsewhere }, refuse),
      prove(secret),
    ]);
    expect(verdicts).toEqual(['request.rate_limited', 'request.rate_limited', apiKey.id]);
    expect(seen).toEqual({ charged: 1, looked: 1 });
    await drain();
  });
});

test('keys of one turn of the event loop share a statement, and one that cannot be read fails alone', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => anApiKey(world, tenant)));
  const hashes = made.map(({ secret }) => world.services.access.identify(secret));
  let statements = 0;
  const reader = createKeyReader({
    readJson: (statement) => {
      statements += 1;
      return world.db.points.readJson(statement);
    },
  });
  const claims = await Promise.all(hashes);
  const keyHashes = claims.map((one) => ('keyHash' in one ? one.keyHash : ''));
  const rows = await Promise.all([...keyHashes, '00'.repeat(32)].map((keyHash) => reader.read(keyHash)));
  expect(statements).toBe(1);
  expect(rows.map((row) => row?.apiKeyId)).toEqual([...made.map(({ apiKey }) => apiKey.id), undefined]);
  const [good = ''] = keyHashes;
  const mixed = await Promise.allSettled([reader.read(good), reader.read('no hex'), reader.read(good)]);
  expect(mixed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

describe('a person and their keys are callers apart, also for idempotency', () => {
  /** Three callers in one person's name, and a way to ask twice under one key what each has to ask. */
  async function threeCallers() {
    const own = await aTenant(world, { owner: await aPerson(world), credits: 100 });
    const made = await Promise.all([0, 1].map(() => anApiKey(world, own, { scopes: ['billing:spend'] })));
    const byKeys = await Promise.all(made.map(({ secret }) => scopeOf(secret, { permission: 'billing:spend' })));
    const callers = [own.scope, ...byKeys];
    async function twice<T>(ask: (scope: WorkspaceScope, index: number) => Promise<T>): Promise<readonly T[]> {
      const askAll = () => Promise.all(callers.map((scope, index) => ask({ ...scope, origin: anOrigin() }, index)));
      const first = await askAll();
      expect(await askAll(), 'the same again').toEqual(first);
      return first;
    }
    return { own, callers, keyIds: made.map(({ apiKey }) => apiKey.id), twice };
  }
  const idempotencyKey = 'the same for all';

  test('debits, reversals, holds and captures', async () => {
    const { own, twice } = await threeCallers();
    const debits = await twice((scope) =>
      world.services.billing.debit(scope, { amount: 10, description: 'x', idempotencyKey }),
    );
    const ids = debits.map(({ transaction }) => transaction.id);
    expect(new Set(ids).size).toBe(3);
    const reversals = await twice((scope, index) =>
      world.services.billing.reverse(scope, { transactionId: ids[index] ?? '', reason: 'x', idempotencyKey }),
    );
    expect(new Set(reversals.map(({ transaction }) => transaction.id)).size).toBe(3);
    const opened = await twice((scope) =>
      world.services.holds.create(scope, { amount: 10, description: 'x', idempotencyKey }),
    );
    const captures = await twice((scope, index) =>
      world.services.holds.capture(scope, { holdId: opened[index]?.id ?? '', amount: 10, final: true, idempotencyKey }),
    );
    expect(new Set(captures.map(({ transaction }) => transaction.id)).size).toBe(3);
    expect(await world.services.billing.get(own.scope)).toMatchObject({ creditBalance: 70 });
  });

  test('and what they did is written down with the key, in the name of the person', async () => {
    const { own, keyIds, twice } = await threeCallers();
    await twice((scope) => world.services.billing.debit(scope, { amount: 10, description: 'x', idempotencyKey }));
    const where = { workspaceId: own.id };
    const entries = await world.db.read.auditEntry.findMany({ where: { ...where, action: 'billing.debited' } });
    const events = await world.db.read.outboxEvent.findMany({ where: { ...where, name: 'billing.debited' } });
    for (const rows of [entries, events]) {
      expect(rows.map(({ apiKeyId }) => apiKeyId).toSorted()).toEqual([...keyIds, null].toSorted());
      expect(new Set(rows.map(({ actorId }) => actorId))).toEqual(new Set([own.owner.user.id]));
    }
  });
});
