import { randomUUID } from 'node:crypto';
import { isKeyPermission, KEY_PERMISSIONS } from '@morket/contract/permissions';
import { type ProcedureInfo, procedures } from '@morket/rpc';
import { aMember, anApiKey, aPerson, aTenant, type Tenant, unique, useWorld } from '@morket/testing';
import { aDeadLetter } from '@morket/testing/dead-letters';
import { type Answer, type CallOptions, call, TRANSPORTS, type Transport } from '@morket/testing/http';
import { type InputSchema, idPathsOf } from '@morket/testing/sample';
import { idsIn, rowsOf } from '@morket/testing/tenant-rows';
import { validInput } from '@morket/testing/valid-input';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

/**
 * Two tenants on one database, everything called as the owner of A. Invariants: an id of B answers like one that nobody has,
 * nothing of B changes, and no answer holds anything that B has written.
 */

const world = useWorld({ env: { BASE_DOMAIN: 'morket.example' } });

/** Stand in everything B writes, and at the end of its key, whose last four characters are shown. */
const CANARIES = ['canary', 'QZXJ'] as const;
const [CANARY, SHOWN_OF_KEY] = CANARIES;
const KEY_OF_B = `idempotency-${unique()}`;

let a: Tenant;
let b: Tenant;
let slugOfB: string;
let tokenOfB: string;
let rowsBefore: ReadonlyMap<string, readonly string[]>;
const answers: { readonly what: string; readonly text: string }[] = [];

async function aTenantFullOfCanaries(): Promise<Tenant> {
  const owner = await aPerson(world, { email: `${CANARY}-${unique()}@example.com`, name: `${CANARY} owner` });
  const tenant = await aTenant(world, { owner, name: `${CANARY} workspace` });
  const { billing, credentials, holds, invitations, recharges } = world.services;
  const member = await aPerson(world, { email: `${CANARY}-${unique()}@example.com`, name: `${CANARY} member` });
  await aMember(world, tenant, 'member', member);
  const debit = { amount: 5, description: `${CANARY} run`, referenceId: `${CANARY} reference` };
  await billing.addCredits(tenant.scope, { amount: 500, description: `${CANARY} top-up` });
  await billing.debit(tenant.scope, { ...debit, idempotencyKey: KEY_OF_B });
  const hold = { amount: 7, description: `${CANARY} hold`, referenceId: `${CANARY} reference` };
  const { id: holdId } = await holds.create(tenant.scope, hold);
  await holds.capture(tenant.scope, { holdId, amount: 2 });
  await recharges.setMethod(tenant.scope, { token: 'pm_card_visa' });
  await recharges.setRule(tenant.scope, { enabled: true, threshold: 1, amount: 10, monthlyLimit: 100 });
  await credentials.store(tenant.scope, {
    providerName: `${CANARY} provider`,
    key: `hk_live_0123456789${SHOWN_OF_KEY}`,
  });
  await anApiKey(world, tenant, { name: `${CANARY} key`, scopes: KEY_PERMISSIONS });
  await invitations.create(tenant.scope, { email: `${CANARY}-invited@example.com`, role: 'admin' });
  await aDeadLetter(world, tenant);
  return tenant;
}

beforeAll(async () => {
  b = await aTenantFullOfCanaries();
  a = await aTenant(world, { credits: 1_000_000 });
  // So many calls come with as many members, keys and endpoints.
  await world.services.plans.set(a.scope, { planType: 'enterprise' });
  slugOfB = (await world.services.workspaces.get(b.scope)).slug;
  const [message = ''] = await world.mailTo(`${CANARY}-invited@example.com`);
  tokenOfB = message.trim().split('\n').at(-1) ?? '';
  rowsBefore = await rowsOf(world, b);
});

const all = procedures();
const schemasOf = ({ inputs }: ProcedureInfo) =>
  inputs.map((input) => z.toJSONSchema(input, { io: 'input' }) as InputSchema); // the part of JSON Schema zod writes
const idFieldsOf = (procedure: ProcedureInfo) => schemasOf(procedure).flatMap((schema) => idPathsOf(schema));
const named = (list: readonly ProcedureInfo[]) => list.map((procedure) => [procedure.path, procedure] as const);
const theOne = (path: string): ProcedureInfo => {
  const found = all.find((procedure) => procedure.path === path);
  if (!found) throw new Error(`there is no procedure ${path}`);
  return found;
};
/** Take ids to look for, or to tick off: of one that nobody has there is nothing to be found, which is no failure. */
const SEARCHES: ReadonlySet<string> = new Set([
  'audit.list',
  'audit.export',
  'webhook.deliveries.list',
  'notification.markRead',
]);
const takingIds = all.filter((procedure) => idFieldsOf(procedure).length > 0);
const inWorkspace = all.filter(({ access }) => access.kind === 'workspace');

type Fields = Readonly<Record<string, unknown>>;

/** The same input with the value at one path replaced. */
function replaced(input: unknown, [name, ...rest]: readonly string[], value: unknown): Fields {
  const fields = (input ?? {}) as Fields; // the path comes from the schema of this input
  const next = { ...fields, [name ?? '']: rest.length > 0 ? replaced(fields[name ?? ''], rest, value) : value };
  return Array.isArray(input) ? Object.assign([...input], next) : next;
}

const inputFor = (procedure: ProcedureInfo, tenant: Tenant) =>
  validInput({ world, tenant, caller: tenant.owner }, procedure, schemasOf(procedure));

async function asOwnerOf(
  tenant: Tenant,
  how: { transport: Transport; procedure: ProcedureInfo },
  input: Fields,
  headers = {},
) {
  const options: CallOptions = { token: tenant.owner.accessToken, headers };
  const answer = await call(world, how.transport, how.procedure, input, options);
  answers.push({ what: `${how.transport} ${how.procedure.path} ${JSON.stringify(headers)}`, text: answer.text });
  return answer;
}

/** What a caller can tell two answers apart by, apart from what differs between any two requests. */
function visible({ status, text, headers }: Answer, given: string): unknown {
  const { date: _date, 'x-request-id': _requestId, 'content-length': _length, ...rest } = headers;
  return { status, text: text.replaceAll(/"requestId":"[^"]*"/g, '').replaceAll(given, '<given>'), headers: rest };
}

test('there is something to find: ids of B, procedures that take ids', () => {
  expect(idsIn(rowsBefore).size).toBeGreaterThan(10);
  expect(inWorkspace.length).toBeGreaterThan(15);
  expect(takingIds).toEqual(expect.arrayContaining(inWorkspace));
});

test.each(['workspace.members.list', 'apiKey.list', 'credential.list', 'billing.transactions', 'billing.holds.list'])(
  '%s: B itself is shown canaries',
  async (path) => {
    const answer = await call(world, 'rest', theOne(path), { workspaceId: b.id }, { token: b.owner.accessToken });
    expect(answer.text).toContain(path === 'credential.list' ? SHOWN_OF_KEY : CANARY);
  },
);

describe.each(TRANSPORTS)('over %s', (transport) => {
  test.each(named(takingIds))('%s: any id of B looks like one that nobody has', async (_, procedure) => {
    const how = { transport, procedure };
    for (const path of idFieldsOf(procedure)) {
      const input = await inputFor(procedure, a);
      const random = randomUUID();
      const unknown = visible(await asOwnerOf(a, how, replaced(input, path, random)), random);
      const missing = SEARCHES.has(procedure.path) ? 200 : 404;
      expect(unknown).toMatchObject({ status: path[0] === 'workspaceId' ? 403 : missing });
      for (const id of idsIn(rowsBefore)) {
        const answer = await asOwnerOf(a, how, replaced(input, path, id));
        expect(visible(answer, id), `${path.join('.')}: ${id}`).toEqual(unknown);
      }
    }
  });

  test.each(named(inWorkspace))(
    '%s: B named by a header or the host looks like no workspace at all',
    async (_, procedure) => {
      const how = { transport, procedure };
      const { workspaceId, ...withoutTenant } = await inputFor(procedure, a);
      const pairs = [
        [{ 'x-workspace-id': b.id }, { 'x-workspace-id': randomUUID() }],
        [{ 'x-tenant-id': b.id }, { 'x-tenant-id': randomUUID() }],
        [{ host: `${slugOfB}.morket.example` }, { host: `nobody-${unique()}.morket.example` }],
      ];
      // REST names the workspace in its path, so that there the two sources contradict.
      const inputs =
        transport === 'rest' ? [{ ...withoutTenant, workspaceId }] : [{ ...withoutTenant, workspaceId }, withoutTenant];
      for (const input of inputs) {
        for (const [ofB, ofNobody] of pairs) {
          const foreign = visible(await asOwnerOf(a, how, input, ofB), '');
          expect(foreign).toEqual(visible(await asOwnerOf(a, how, input, ofNobody), ''));
          expect(foreign).toMatchObject({ status: 'workspaceId' in input ? 400 : 403 });
        }
      }
    },
  );

  const byKey = takingIds.filter(({ access }) => access.kind === 'workspace' && isKeyPermission(access.permission));
  test.each(named(byKey))('%s: so it does for a key of A, to which B is a contradiction', async (_, procedure) => {
    const { apiKey, secret } = await anApiKey(world, a, { scopes: KEY_PERMISSIONS });
    const asKey = async (input: Fields) => {
      const answer = await call(world, transport, procedure, input, { headers: { 'x-api-key': secret } });
      answers.push({ what: `key ${transport} ${procedure.path}`, text: answer.text });
      return answer;
    };
    for (const path of idFieldsOf(procedure)) {
      const input = await inputFor(procedure, a);
      const random = randomUUID();
      const unknown = visible(await asKey(replaced(input, path, random)), random);
      const missing = SEARCHES.has(procedure.path) ? 200 : 404;
      expect(unknown).toMatchObject({ status: path[0] === 'workspaceId' ? 400 : missing });
      for (const id of idsIn(rowsBefore)) {
        expect(visible(await asKey(replaced(input, path, id)), id), `${path.join('.')}: ${id}`).toEqual(unknown);
      }
    }
    await world.services.apiKeys.revoke(a.scope, { apiKeyId: apiKey.id });
  });

  test('the token of an invitation into B looks like one that was never sent', async () => {
    const how = { transport, procedure: theOne('auth.acceptInvitation') };
    const random = 'x'.repeat(tokenOfB.length);
    expect(tokenOfB.length).toBeGreaterThan(20);
    const unknown = visible(await asOwnerOf(a, how, { token: random }), random);
    expect(unknown).toMatchObject({ status: 404 });
    expect(visible(await asOwnerOf(a, how, { token: tokenOfB }), tokenOfB)).toEqual(unknown);
  });

  test('an idempotency key that B has used is new to A', async () => {
    const tenant = await aTenant(world, { credits: 100 });
    const how = { transport, procedure: theOne('billing.debit') };
    const input = { workspaceId: tenant.id, amount: 7, description: 'own', idempotencyKey: KEY_OF_B };
    const answer = await asOwnerOf(tenant, how, input);
    expect(answer).toMatchObject({
      status: 200,
      data: { balance: 93, transaction: { workspaceId: tenant.id, amount: -7 } },
    });
  });

  test.each(named(all))('%s: what a tenant of its own is answered', async (_, procedure) => {
    const tenant = await aTenant(world, { credits: 1_000_000 });
    const { status } = await asOwnerOf(tenant, { transport, procedure }, await inputFor(procedure, tenant));
    // An owner cannot accept an invitation into the own workspace.
    expect(status).toBeLessThan(procedure.path === 'auth.acceptInvitation' ? 500 : 300);
  });
});

test('a deleted workspace looks like one that never was, even to its owner', async () => {
  const gone = await aTenant(world, { owner: a.owner });
  await world.services.workspaces.delete(gone.scope);
  for (const transport of TRANSPORTS) {
    const how = { transport, procedure: theOne('workspace.get') };
    const random = randomUUID();
    const never = visible(await asOwnerOf(a, how, { workspaceId: random }), random);
    expect(visible(await asOwnerOf(a, how, { workspaceId: gone.id }), gone.id)).toEqual(never);
    expect(never).toMatchObject({ status: 403 });
  }
});

test('after all this, every row of B is what it was', async () => {
  expect(answers.length).toBeGreaterThan(500);
  expect(await rowsOf(world, b)).toEqual(rowsBefore);
});

test('and no answer holds anything B has written', () => {
  const leaks = answers.filter(({ text }) => CANARIES.some((canary) => text.includes(canary)));
  expect(leaks).toEqual([]);
});
