import type { ExportAuditInput, ListAuditInput } from '@morket/contract/audit';
import { aMember, anApiKey, anOrigin, aPerson, aTenant, scopeIn, type Tenant, useWorld } from '@morket/testing';
import { send } from '@morket/testing/http';
import { beforeAll, describe, expect, test } from 'vitest';

const world = useWorld();
let tenant: Tenant;
let admin: Awaited<ReturnType<typeof aMember>>;

/** Two people at work: a name, a member, credits, a debit. */
beforeAll(async () => {
  const owner = await aPerson(world, { name: 'Ada' });
  tenant = await aTenant(world, { owner, credits: 50 });
  admin = await aMember(world, tenant, 'admin', await aPerson(world, { name: 'Grace' }));
  const scope = await scopeIn(world, admin, tenant.id, 'audit:read');
  await world.services.workspaces.update(scope, { name: 'Emca' });
  await world.services.billing.debit(scope, { amount: 5, description: 'a run' });
});

const list = (filter: Partial<ListAuditInput> = {}) =>
  world.services.audit.list(tenant.scope, { limit: 50, ...filter });
const actions = async (filter: Partial<ListAuditInput> = {}) => (await list(filter)).items.map(({ action }) => action);

const ALL = [
  'billing.debited',
  'workspace.updated',
  'workspace.member_added',
  'billing.credited',
  'workspace.member_added',
  'workspace.created',
];

test('who did what is told, newest first, with the names of today and before and after', async () => {
  const { items, nextCursor } = await list();
  expect(items.map(({ action }) => action)).toEqual(ALL);
  expect(nextCursor).toBeNull();
  expect(items[1]).toEqual({
    id: expect.any(String),
    createdAt: expect.any(Date),
    action: 'workspace.updated',
    entityType: 'workspace',
    entityId: tenant.id,
    actor: { id: admin.user.id, name: 'Grace', email: admin.email },
    impersonator: null,
    apiKey: null,
    requestId: expect.any(String),
    before: { name: tenant.workspace.name },
    after: { name: 'Emca' },
  });
  await world.services.auth.updateProfile({ ...admin.scope, origin: anOrigin() }, { name: 'Grace Hopper' });
  expect((await list()).items[1]?.actor?.name).toBe('Grace Hopper');
});

describe('it is filtered by', () => {
  test('who', async () => {
    expect(await actions({ actorId: admin.user.id })).toEqual(ALL.slice(0, 2));
    expect(await actions({ actorId: tenant.owner.user.id })).toEqual(ALL.slice(2));
    expect(await actions({ apiKeyId: admin.user.id })).toEqual([]);
  });

  test('what', async () => {
    expect(await actions({ action: 'workspace.member_added' })).toEqual([
      'workspace.member_added',
      'workspace.member_added',
    ]);
    expect(await actions({ action: 'billing.*' })).toEqual(['billing.debited', 'billing.credited']);
    // `_` and `.` stand for themselves.
    expect(await actions({ action: 'workspace.member.*' })).toEqual([]);
    expect(await actions({ action: 'workspace_.*' })).toEqual([]);
    expect(await actions({ action: 'bill.*' })).toEqual([]);
  });

  test('on what', async () => {
    expect(await actions({ entityType: 'billing_account' })).toEqual(['billing.debited', 'billing.credited']);
    expect(await actions({ entityType: 'workspace', entityId: tenant.id })).toHaveLength(4);
    expect(await actions({ entityId: 'nothing' })).toEqual([]);
  });

  test('when: from the first instant on, up to the second', async () => {
    const { items } = await list();
    const at = (index: number): string => items[index]?.createdAt.toISOString() ?? '';
    expect(await actions({ from: at(3) })).toEqual(ALL.slice(0, 4));
    expect(await actions({ to: at(3) })).toEqual(ALL.slice(4));
    expect(await actions({ from: at(3), to: at(0), action: 'workspace.*' })).toEqual(ALL.slice(1, 3));
  });
});

test('what a key did is told with the key and whoever made it, and can be looked for', async () => {
  const other = await aTenant(world);
  const { apiKey, secret } = await anApiKey(world, other, { name: 'Nightly', scopes: ['workspace:update'] });
  const renaming = { method: 'POST', url: '/trpc/workspace.update', payload: { name: 'By key' } } as const;
  expect(await send(world, { ...renaming, headers: { 'x-api-key': secret } })).toMatchObject({ status: 200 });
  const { items } = await world.services.audit.list(other.scope, { limit: 50, apiKeyId: apiKey.id });
  expect(items).toMatchObject([
    {
      action: 'workspace.updated',
      actor: { id: other.owner.user.id },
      apiKey: { id: apiKey.id, name: 'Nightly' },
      after: { name: 'By key' },
    },
  ]);
  expect((await world.services.audit.list(other.scope, { limit: 50, apiKeyId: other.id })).items).toEqual([]);
});

test('a walk in small steps meets every entry once, those of one instant too', async () => {
  const other = await aTenant(world);
  const requestId = crypto.randomUUID();
  const rows = Array.from({ length: 23 }, (_, index) => ({
    ...{
      id: crypto.randomUUID(),
      workspaceId: other.id,
      action: 'thing.changed',
      entityType: 'thing',
      entityId: `${index}`,
    },
    ...{ changes: {}, requestId, createdAt: new Date(1_750_000_000_000 + Math.floor(index / 8)) },
  }));
  await world.db.read.auditEntry.createMany({ data: rows });
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const filter = { limit: 3, action: 'thing.*', ...(cursor === undefined ? {} : { cursor }) };
    const { items, nextCursor } = await world.services.audit.list(other.scope, filter);
    expect(items.length).toBeLessThanOrEqual(3);
    seen.push(...items.map(({ entityId }) => entityId));
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  expect(seen.map(Number).sort((a, b) => a - b)).toEqual([...rows.keys()]);
});

test('an entry whose fields bear the names of what every object has is told all the same', async () => {
  const other = await aTenant(world);
  const id = crypto.randomUUID();
  await world.db.read.$executeRaw`
    insert into audit_log (id, workspace_id, action, entity_type, entity_id, changes)
    values (${id}::uuid, ${other.id}::uuid, 'thing.changed', 'thing', '1', '{"after": {"__proto__": {"constructor": [1]}, "name": "x"}}')`;
  const answer = await send(
    world,
    { method: 'GET', url: '/trpc/audit.list', query: { input: JSON.stringify({ workspaceId: other.id, limit: 1 }) } },
    { token: other.owner.accessToken },
  );
  expect(answer.status).toBe(200);
  expect(answer.data).toMatchObject({
    items: [{ id, before: {}, after: { ___proto__: { _constructor: [1] }, name: 'x' } }],
  });
});

test('another workspace has another log', async () => {
  const other = await aTenant(world);
  const { items } = await world.services.audit.list(other.scope, { limit: 50 });
  expect(items.map(({ action }) => action)).toEqual(['workspace.member_added', 'workspace.created']);
});

describe('an export', () => {
  const exported = (input: Partial<ExportAuditInput> = {}) =>
    world.services.audit.export(tenant.scope, { format: 'csv', limit: 1_000, ...input });

  test('as CSV comes in parts that make one file', async () => {
    const parts: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const filter = { action: 'workspace.*', limit: 3, ...(cursor === undefined ? {} : { cursor }) };
      const { content, nextCursor, mediaType } = await exported(filter);
      expect(mediaType).toBe('text/csv');
      parts.push(content);
      if (nextCursor === null) break;
      cursor = nextCursor;
    }
    expect(parts).toHaveLength(2);
    const lines = parts.join('').split('\r\n');
    expect(lines[0]).toBe(
      'createdAt,id,action,entityType,entityId,actorId,actorName,actorEmail,impersonatorId,impersonatorEmail,apiKeyId,apiKeyName,requestId,before,after',
    );
    expect(lines).toHaveLength(1 + 4 + 1);
    expect(lines[1]).toContain(`workspace.updated,workspace,${tenant.id},${admin.user.id},Grace Hopper,${admin.email}`);
    expect(lines[1]).toContain(`"{""name"":""Emca""}"`);
  });

  test('as JSON is the list', async () => {
    const filter = { action: 'billing.*', limit: 50 };
    const { content, entries, nextCursor } = await exported({ ...filter, format: 'json' });
    expect(JSON.parse(content)).toEqual(JSON.parse(JSON.stringify((await list(filter)).items)));
    expect({ entries, nextCursor }).toEqual({ entries: 2, nextCursor: null });
  });

  test('holds no formula, whatever people call themselves', async () => {
    const mallory = await aPerson(world, { name: '=HYPERLINK("https://evil.example")' });
    const theirs = await aTenant(world, { owner: mallory });
    const { content } = await world.services.audit.export(theirs.scope, { format: 'csv', limit: 1_000 });
    expect(content).toContain(`,"'=HYPERLINK(""https://evil.example"")",`);
  });

  test('is itself remembered, with what was taken and by whom', async () => {
    const { requestId } = tenant.scope.origin;
    await exported({ format: 'json', action: 'billing.*' });
    const [entry] = (await list({ action: 'audit.exported' })).items;
    expect(entry).toMatchObject({
      ...{ entityType: 'audit_log', entityId: tenant.id, requestId, before: {} },
      actor: { id: tenant.owner.user.id },
      after: { format: 'json', filters: { action: 'billing.*' }, entries: 2, isContinued: false },
    });
  });
});
