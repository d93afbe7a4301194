import { randomUUID } from 'node:crypto';
import { aPerson, aTenant, type Tenant, unique, useWorld } from '@morket/testing';
import { type Answer, call, send } from '@morket/testing/http';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

const world = useWorld({ env: { BASE_DOMAIN: 'morket.example' } });

const GET = {
  path: 'workspace.get',
  type: 'query',
  rest: { method: 'GET', path: '/workspaces/{workspaceId}' },
} as const;
const SET_ACTIVE = {
  path: 'auth.setActiveWorkspace',
  type: 'mutation',
  rest: { method: 'PUT', path: '/auth/active-workspace' },
} as const;

let first: Tenant;
let second: Tenant;

const slugOf = async (tenant: Tenant) => (await world.services.workspaces.get(tenant.scope)).slug;
const hostOf = async (tenant: Tenant) => `${await slugOf(tenant)}.morket.example`;

type Sources = { readonly input?: string; readonly headers?: Readonly<Record<string, string>> };

const get = ({ input, headers = {} }: Sources): Promise<Answer> =>
  call(world, 'trpc', GET, input === undefined ? {} : { workspaceId: input }, {
    token: first.owner.accessToken,
    headers,
  });

async function setActive(workspaceId: string | null, token = first.owner.accessToken): Promise<void> {
  expect((await call(world, 'trpc', SET_ACTIVE, { workspaceId }, { token })).status).toBe(200);
}

/** Two workspaces of one person. */
beforeAll(async () => {
  first = await aTenant(world);
  second = await aTenant(world, { owner: first.owner });
});
beforeEach(() => setActive(null));

const isFirst = () => ({ status: 200, data: { id: first.id } });
const isConflict = { status: 400, code: 'access.workspace_conflict' };

describe('one source is enough', () => {
  test('the input', async () => {
    expect(await get({ input: first.id })).toMatchObject(isFirst());
  });

  test.each(['X-Workspace-Id', 'X-Tenant-ID', 'x-workspace-id'])('the header %s', async (name) => {
    expect(await get({ headers: { [name]: first.id } })).toMatchObject(isFirst());
  });

  test('the subdomain, with a port and in any case', async () => {
    const host = await hostOf(first);
    expect(await get({ headers: { host } })).toMatchObject(isFirst());
    expect(await get({ headers: { host: `${host.toUpperCase()}:8443` } })).toMatchObject(isFirst());
  });

  test('the active workspace of the session', async () => {
    await setActive(first.id);
    expect(await get({})).toMatchObject(isFirst());
  });

  test('the path of a REST address', async () => {
    const answer = await call(world, 'rest', GET, { workspaceId: first.id }, { token: first.owner.accessToken });
    expect(answer).toMatchObject(isFirst());
  });

  test('none at all is 400, and says so', async () => {
    expect(await get({})).toMatchObject({ status: 400, code: 'access.workspace_required' });
  });
});

describe('what the request names counts before the active workspace', () => {
  beforeEach(() => setActive(second.id));

  test('the input', async () => expect(await get({ input: first.id })).toMatchObject(isFirst()));
  test('the header', async () => {
    expect(await get({ headers: { 'x-workspace-id': first.id } })).toMatchObject(isFirst());
  });
  test('the subdomain', async () => {
    expect(await get({ headers: { host: await hostOf(first) } })).toMatchObject(isFirst());
  });
});

describe('sources that agree are one source', () => {
  test('all of them at once, ids in any case', async () => {
    await setActive(second.id);
    const headers = { 'x-workspace-id': first.id.toUpperCase(), 'x-tenant-id': first.id, host: await hostOf(first) };
    expect(await get({ input: first.id.toUpperCase(), headers })).toMatchObject(isFirst());
  });
});

describe('sources that disagree are refused, also when the caller may enter both', () => {
  test('input and header', async () => {
    expect(await get({ input: first.id, headers: { 'x-workspace-id': second.id } })).toMatchObject(isConflict);
    expect(await get({ input: first.id, headers: { 'x-tenant-id': second.id } })).toMatchObject(isConflict);
  });
  test('the header and its alias', async () => {
    const headers = { 'x-workspace-id': first.id, 'x-tenant-id': second.id };
    expect(await get({ headers })).toMatchObject(isConflict);
    expect(await get({ input: first.id, headers })).toMatchObject(isConflict);
  });
  test('input and subdomain, header and subdomain', async () => {
    const host = await hostOf(second);
    expect(await get({ input: first.id, headers: { host } })).toMatchObject(isConflict);
    expect(await get({ headers: { 'x-workspace-id': first.id, host } })).toMatchObject(isConflict);
  });
  test('the path of a REST address and a header', async () => {
    const options = { token: first.owner.accessToken, headers: { 'x-workspace-id': second.id } };
    expect(await call(world, 'rest', GET, { workspaceId: first.id }, options)).toMatchObject(isConflict);
  });
  test('the path of a REST address and its query', async () => {
    const url = `/api/v1/workspaces/${first.id}?workspaceId=${second.id}`;
    expect(await send(world, { method: 'GET', url }, { token: first.owner.accessToken })).toMatchObject({
      status: 400,
    });
  });
});

describe('what is no id', () => {
  test.each(['', 'acme', '{"not":""}', '00000000-0000-0000-0000', "' or 1=1 --"])('in a header: %s', async (value) => {
    for (const name of ['x-workspace-id', 'x-tenant-id']) {
      const answer = await get({ headers: { [name]: value } });
      // An empty header is how a proxy leaves one out.
      expect(answer).toMatchObject({
        status: 400,
        code: value === '' ? 'access.workspace_required' : 'request.invalid_input',
      });
    }
  });
  test('a header given twice is no id', async () => {
    const answer = await get({ headers: { 'x-workspace-id': `${first.id}, ${second.id}` } });
    expect(answer).toMatchObject({ status: 400, code: 'request.invalid_input' });
  });
  test.each([['acme'], [{ not: '' }], [42], [null], [['x']]])('in the input: %j', async (workspaceId) => {
    const answer = await call(world, 'trpc', GET, { workspaceId }, { token: first.owner.accessToken });
    expect(answer).toMatchObject({ status: 400, code: 'request.invalid_input' });
  });
});

describe('hosts that name no workspace', () => {
  test.each(['morket.example', 'www.morket.example', 'localhost:3000', 'a.b.morket.example', 'evil-morket.example'])(
    '%s',
    async (host) => {
      expect(await get({ headers: { host } })).toMatchObject({ status: 400, code: 'access.workspace_required' });
      expect(await get({ input: first.id, headers: { host } })).toMatchObject(isFirst());
    },
  );
  test('a subdomain nobody has is refused like a workspace of others', async () => {
    const host = `nobody-${unique()}.morket.example`;
    expect(await get({ headers: { host } })).toMatchObject({ status: 403, code: 'access.forbidden' });
  });
});

describe('the active workspace', () => {
  test('cannot be one of others, nor one that does not exist, and both look the same', async () => {
    const others = await aTenant(world);
    const tries = await Promise.all(
      [others.id, randomUUID()].map((workspaceId) =>
        call(world, 'trpc', SET_ACTIVE, { workspaceId }, { token: first.owner.accessToken }),
      ),
    );
    for (const answer of tries) expect(answer).toMatchObject({ status: 403, code: 'access.forbidden' });
  });
  test('is left behind by a member who is removed', async () => {
    const member = await aPerson(world);
    await world.services.members.add(second.scope, { email: member.email, role: 'admin' });
    await setActive(second.id, member.accessToken);
    await world.services.members.remove(second.scope, { userId: member.user.id });
    const answer = await call(world, 'trpc', GET, {}, { token: member.accessToken });
    expect(answer).toMatchObject({ status: 403, code: 'access.forbidden' });
  });
  test('belongs to one session alone', async () => {
    const { auth } = world.services;
    const origin = { requestId: randomUUID(), ip: null, userAgent: null };
    const other = await auth.login({ email: first.owner.email, password: first.owner.password }, origin);
    await setActive(first.id);
    const answer = await call(world, 'trpc', GET, {}, { token: other.accessToken });
    expect(answer).toMatchObject({ status: 400, code: 'access.workspace_required' });
  });
});
