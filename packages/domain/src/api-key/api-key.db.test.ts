import {
  ApiKeyExpiryInThePast,
  ApiKeyNotActive,
  ApiKeyNotFound,
  ApiKeyOfAnother,
  ApiKeyScopeTooWide,
} from '@morket/contract/api-key';
import { Forbidden, Unauthenticated } from '@morket/contract/errors';
import { KEY_PERMISSIONS, type KeyPermission } from '@morket/contract/permissions';
import { LimitReached, PLANS } from '@morket/contract/plan';
import type { WorkspaceScope } from '@morket/domain/access';
import { aMember, anApiKey, anOrigin, aTenant, scopeIn, type Tenant, useWorld } from '@morket/testing';
import { beforeEach, describe, expect, test } from 'vitest';

const world = useWorld();
let tenant: Tenant;
beforeEach(async () => {
  tenant = await aTenant(world);
});

const HOUR_MS = 3_600_000;
const MAX_KEYS = PLANS.free.limits.apiKeys ?? 0;
const inAnHour = () => new Date(Date.now() + HOUR_MS).toISOString();
const anHourAgo = () => new Date(Date.now() - HOUR_MS).toISOString();
const anotherRequest = (scope: WorkspaceScope): WorkspaceScope => ({ ...scope, origin: anOrigin() });
const keys = () => world.services.apiKeys;
const create = (scopes: readonly KeyPermission[] = ['workspace:read'], scope = tenant.scope) =>
  keys().create(scope, { name: 'A key', scopes: [...scopes] });

/** Whether this secret is taken now: 'taken', or why not. */
async function tryOut(secret: string | null): Promise<string> {
  const { access } = world.services;
  const sources = { input: undefined, headers: [], subdomain: undefined };
  const claims = await access.identify(null, secret);
  return access.workspaceScope(claims, anOrigin(), { sources, permission: 'workspace:read' }).then(
    () => 'taken',
    (err: unknown) => (Unauthenticated.is(err) ? err.details.reason : String(err)),
  );
}

/** A member of this role, acting. */
async function actingAs(role: 'admin' | 'manager'): Promise<WorkspaceScope> {
  const member = await aMember(world, tenant, role);
  return scopeIn(world, member, tenant.id, 'apiKey:read');
}

const inSql = (change: 'expired' | 'ungraced', id: string) =>
  change === 'expired'
    ? world.db.read.$executeRaw`update api_keys set expires_at = now() - interval '1 second' where id = ${id}::uuid`
    : world.db.read.$executeRaw`update api_keys set grace_ends_at = now() where id = ${id}::uuid`;

describe('a new key', () => {
  test('is shown once, and works', async () => {
    const expiresAt = inAnHour();
    const input = {
      name: 'Nightly sync',
      scopes: ['workspace:read', 'billing:read', 'billing:read'],
      expiresAt,
    } as const;
    const { apiKey, secret } = await keys().create(tenant.scope, { ...input, scopes: [...input.scopes] });
    expect(apiKey).toMatchObject({
      ...{ workspaceId: tenant.id, name: 'Nightly sync', state: 'active', createdBy: tenant.owner.user.id },
      ...{ scopes: ['billing:read', 'workspace:read'], expiresAt: new Date(expiresAt), lastUsedAt: null },
      ...{ keyPrefix: secret?.slice(0, 12), last4: secret?.slice(-4) },
    });
    expect(await tryOut(secret)).toBe('taken');
    const { items, total } = await keys().list(tenant.scope, { page: 1, limit: 20 });
    expect([items.map(({ id }) => id), total]).toEqual([[apiKey.id], 1]);
    expect(JSON.stringify(items)).not.toContain(secret?.slice(12, 40));
  });

  test('holds no more than its maker', async () => {
    const admin = await actingAs('admin');
    const err: unknown = await create(['billing:read', 'billing:manage'], admin).catch((refusal: unknown) => refusal);
    expect(ApiKeyScopeTooWide.is(err) && err.details.missing).toEqual(['billing:manage']);
    await create(KEY_PERMISSIONS, tenant.scope);
    expect((await keys().list(tenant.scope, { page: 1, limit: 20 })).total).toBe(1);
  });

  test('is made by admins alone, by the role they have now', async () => {
    await expect(create(['workspace:read'], await actingAs('manager'))).rejects.toSatisfy(Forbidden.is);
    const admin = await aMember(world, tenant, 'admin');
    const scope = await scopeIn(world, admin, tenant.id, 'apiKey:manage');
    await world.services.members.updateRole(tenant.scope, { userId: admin.user.id, role: 'member' });
    await expect(create(['workspace:read'], scope)).rejects.toSatisfy(Forbidden.is);
  });

  test('expires later than now', async () => {
    const input = { name: 'x', scopes: ['workspace:read'] } as const;
    const make = keys().create(tenant.scope, { ...input, scopes: [...input.scopes], expiresAt: anHourAgo() });
    await expect(make).rejects.toSatisfy(ApiKeyExpiryInThePast.is);
  });

  test('is repeated under an idempotency key without its secret, and is one key', async () => {
    const intent = () => ({
      ...{ procedure: 'apiKey.create', key: 'one and the same', fingerprint: new Uint8Array([1]) },
      ...{ isAnswered: false, isReplayed: false },
    });
    const first = await create(['workspace:read'], { ...tenant.scope, intent: intent() });
    const again = await create(['workspace:read'], { ...anotherRequest(tenant.scope), intent: intent() });
    expect(first.secret).toMatch(/^mk_live_/);
    expect(again).toEqual({ apiKey: first.apiKey, secret: null });
    expect(await world.db.read.apiKey.count({ where: { workspaceId: tenant.id } })).toBe(1);
  });
});

describe('a workspace has as many keys as its plan allows', () => {
  /** All but `free` of its keys, made behind the application's back. */
  const fill = (free: number) => world.db.read.$executeRaw`
    insert into api_keys (id, workspace_id, name, scopes, key_hash, key_prefix, last4, created_by)
    select gen_random_uuid(), ${tenant.id}::uuid, 'x', '{workspace:read}', sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'x', 'x',
           ${tenant.owner.user.id}::uuid
      from generate_series(1, ${MAX_KEYS - free}::int)`;

  test('and no more, however many are asked for at once', async () => {
    await fill(2);
    const made = await Promise.allSettled(Array.from({ length: 6 }, () => create()));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    for (const one of made) if (one.status === 'rejected') expect(LimitReached.is(one.reason)).toBe(true);
  });

  test('where those revoked or expired do not count', async () => {
    await fill(2);
    const [one, two] = [await create(), await create()];
    await expect(create()).rejects.toSatisfy(LimitReached.is);
    await keys().revoke(tenant.scope, { apiKeyId: one.apiKey.id });
    await inSql('expired', two.apiKey.id);
    await Promise.all([create(), create()]);
    await expect(create()).rejects.toSatisfy(LimitReached.is);
  });
});

describe('rotating', () => {
  const rotate = (apiKeyId: string, more: { graceSeconds?: number; expiresAt?: string | null } = {}) =>
    keys().rotate(anotherRequest(tenant.scope), { apiKeyId, graceSeconds: 0, ...more });

  test('ends the old secret at once', async () => {
    const { apiKey, secret } = await create();
    const next = await rotate(apiKey.id);
    expect(next.secret).not.toBe(secret);
    expect(next.apiKey).toMatchObject({ id: apiKey.id, last4: next.secret?.slice(-4), graceEndsAt: null });
    expect([await tryOut(secret), await tryOut(next.secret)]).toEqual(['invalid', 'taken']);
  });

  test('leaves it a grace that is asked for, and no longer', async () => {
    const { apiKey, secret } = await create();
    const next = await rotate(apiKey.id, { graceSeconds: 60 });
    expect(Number(next.apiKey.graceEndsAt) - Number(next.apiKey.rotatedAt)).toBe(60_000);
    expect([await tryOut(secret), await tryOut(next.secret)]).toEqual(['taken', 'taken']);
    await inSql('ungraced', apiKey.id);
    expect([await tryOut(secret), await tryOut(next.secret)]).toEqual(['invalid', 'taken']);
  });

  test('again ends the one that was in its grace', async () => {
    const { apiKey, secret } = await create();
    const second = await rotate(apiKey.id, { graceSeconds: 60 });
    const third = await rotate(apiKey.id, { graceSeconds: 60 });
    const taken = await Promise.all([secret, second.secret, third.secret].map(tryOut));
    expect(taken).toEqual(['invalid', 'taken', 'taken']);
  });

  test('keeps the expiry, sets another, or none', async () => {
    const { apiKey } = await anApiKey(world, tenant, { expiresAt: new Date(inAnHour()) });
    expect((await rotate(apiKey.id)).apiKey.expiresAt).toEqual(apiKey.expiresAt);
    const later = new Date(Date.now() + 2 * HOUR_MS).toISOString();
    expect((await rotate(apiKey.id, { expiresAt: later })).apiKey.expiresAt).toEqual(new Date(later));
    expect((await rotate(apiKey.id, { expiresAt: null })).apiKey.expiresAt).toBeNull();
    await expect(rotate(apiKey.id, { expiresAt: anHourAgo() })).rejects.toSatisfy(ApiKeyExpiryInThePast.is);
  });

  test('is for whoever made the key: its secret acts in their name', async () => {
    const { apiKey, secret } = await create();
    const admin = await actingAs('admin');
    await expect(keys().rotate(admin, { apiKeyId: apiKey.id, graceSeconds: 0 })).rejects.toSatisfy(ApiKeyOfAnother.is);
    expect(await tryOut(secret)).toBe('taken');
  });

  test('revives no key', async () => {
    const [revoked, expired] = [await create(), await create()];
    await keys().revoke(tenant.scope, { apiKeyId: revoked.apiKey.id });
    await inSql('expired', expired.apiKey.id);
    for (const { apiKey } of [revoked, expired]) {
      await expect(rotate(apiKey.id, { expiresAt: null })).rejects.toSatisfy(ApiKeyNotActive.is);
    }
  });

  test('revives no key of somebody who left and came back', async () => {
    const admin = await aMember(world, tenant, 'admin');
    const { apiKey } = await create(['workspace:read'], await scopeIn(world, admin, tenant.id, 'apiKey:manage'));
    await world.services.members.remove(tenant.scope, { userId: admin.user.id });
    await aMember(world, tenant, 'admin', admin);
    const back = await scopeIn(world, admin, tenant.id, 'apiKey:manage');
    await expect(keys().rotate(back, { apiKeyId: apiKey.id, graceSeconds: 0 })).rejects.toSatisfy(ApiKeyNotActive.is);
    await keys().revoke(back, { apiKeyId: apiKey.id });
    expect((await keys().list(tenant.scope, { page: 1, limit: 20 })).items[0]?.state).toBe('revoked');
  });

  test('at once leaves one secret good, and the key as it is shown is that one', async () => {
    const { apiKey, secret } = await create();
    const turns = await Promise.all(Array.from({ length: 5 }, () => rotate(apiKey.id)));
    const secrets = [secret, ...turns.map((turn) => turn.secret)];
    const verdicts = await Promise.all(secrets.map(tryOut));
    const good = secrets.filter((_, index) => verdicts[index] === 'taken');
    expect(good).toHaveLength(1);
    const { items } = await keys().list(tenant.scope, { page: 1, limit: 20 });
    expect(items[0]?.last4).toBe(good[0]?.slice(-4));
  });
});

describe('revoking', () => {
  test('ends a key with all its secrets, and may be repeated', async () => {
    const { apiKey, secret } = await create();
    const next = await keys().rotate(tenant.scope, { apiKeyId: apiKey.id, graceSeconds: 600 });
    const admin = await actingAs('admin');
    await keys().revoke(admin, { apiKeyId: apiKey.id });
    await keys().revoke(admin, { apiKeyId: apiKey.id });
    expect([await tryOut(secret), await tryOut(next.secret)]).toEqual(['revoked', 'revoked']);
    expect(await world.db.read.auditEntry.count({ where: { action: 'api_key.revoked', workspaceId: tenant.id } })).toBe(
      1,
    );
  });

  test('while it is used: what began before may end, and nothing is taken after', async () => {
    const { apiKey, secret } = await create();
    let isRevoked = false;
    const revoke = async () => {
      await keys().revoke(anotherRequest(tenant.scope), { apiKeyId: apiKey.id });
      isRevoked = true;
    };
    const use = async () => {
      const beganAfter = isRevoked;
      return { beganAfter, verdict: await tryOut(secret) };
    };
    const uses = Array.from({ length: 20 }, use);
    const revoking = revoke();
    while (!isRevoked) {
      const one = use();
      uses.push(one);
      await one;
    }
    await revoking;
    for (let after = 0; after < 20; after += 1) uses.push(use());
    const seen = await Promise.all(uses);
    expect(new Set(seen.filter(({ beganAfter }) => beganAfter).map(({ verdict }) => verdict))).toEqual(
      new Set(['revoked']),
    );
    expect(seen.filter(({ verdict }) => verdict === 'taken').length).toBeGreaterThan(0);
  });

  test('and rotating at once: the key is revoked in the end, whoever was first', async () => {
    const { apiKey, secret } = await create();
    const { id: apiKeyId } = apiKey;
    const [rotated] = await Promise.allSettled([
      keys().rotate(anotherRequest(tenant.scope), { apiKeyId, graceSeconds: 600 }),
      keys().revoke(anotherRequest(tenant.scope), { apiKeyId }),
    ]);
    const secrets = [secret, ...(rotated.status === 'fulfilled' ? [rotated.value.secret] : [])];
    for (const one of secrets) expect(['revoked', 'invalid']).toContain(await tryOut(one));
  });
});

test('a key of another workspace is not found, by no verb', async () => {
  const stranger = await aTenant(world);
  const { apiKey, secret } = await anApiKey(world, stranger);
  for (const apiKeyId of [apiKey.id, crypto.randomUUID()]) {
    await expect(keys().revoke(tenant.scope, { apiKeyId })).rejects.toSatisfy(ApiKeyNotFound.is);
    await expect(keys().rotate(tenant.scope, { apiKeyId, graceSeconds: 0 })).rejects.toSatisfy(ApiKeyNotFound.is);
  }
  expect((await keys().list(tenant.scope, { page: 1, limit: 20 })).total).toBe(0);
  expect(await tryOut(secret)).toBe('taken');
});

test('a list says of each key whether it is taken', async () => {
  const admin = await aMember(world, tenant, 'admin');
  const adminScope = await scopeIn(world, admin, tenant.id, 'apiKey:manage');
  const [active, expired, revoked] = [await create(), await create(), await create()];
  const ownerless = await create(['workspace:read'], adminScope);
  await inSql('expired', expired.apiKey.id);
  await keys().revoke(tenant.scope, { apiKeyId: revoked.apiKey.id });
  await world.services.members.remove(tenant.scope, { userId: admin.user.id });
  // Newest first.
  const wanted = [ownerless, revoked, expired, active];
  const { items } = await keys().list(tenant.scope, { page: 1, limit: 20 });
  expect(items.map(({ id, state }) => [id, state])).toEqual(
    wanted.map(({ apiKey }, index) => [apiKey.id, ['ownerless', 'revoked', 'expired', 'active'][index]]),
  );
  const verdicts = await Promise.all(wanted.map(({ secret }) => tryOut(secret)));
  expect(verdicts).toEqual(['revoked', 'revoked', 'expired', 'taken']);
  const page = await keys().list(tenant.scope, { page: 2, limit: 3 });
  expect([page.items.map(({ id }) => id), page.total]).toEqual([[active.apiKey.id], 4]);
});

test('what is written down of a key names it and its scopes, never its secret', async () => {
  const { apiKey, secret } = await create(['billing:read']);
  const next = await keys().rotate(tenant.scope, { apiKeyId: apiKey.id, graceSeconds: 60 });
  await keys().revoke(tenant.scope, { apiKeyId: apiKey.id });
  const entries = await world.db.read.auditEntry.findMany({
    where: { entityType: 'api_key', entityId: apiKey.id },
    orderBy: { id: 'asc' },
  });
  expect(entries.map(({ action, changes }) => [action, changes])).toEqual([
    [
      'api_key.created',
      { before: {}, after: { name: 'A key', last4: apiKey.last4, scopes: ['billing:read'], expiresAt: null } },
    ],
    [
      'api_key.rotated',
      {
        before: { last4: apiKey.last4 },
        after: { last4: next.apiKey.last4, graceEndsAt: next.apiKey.graceEndsAt?.toISOString() },
      },
    ],
    ['api_key.revoked', { before: { state: 'active' }, after: { state: 'revoked' } }],
  ]);
  for (const one of [secret, next.secret]) expect(JSON.stringify(entries)).not.toContain(one);
});
