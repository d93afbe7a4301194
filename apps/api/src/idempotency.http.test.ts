import { type ProcedureInfo, procedures } from '@morket/rpc';
import { aMember, anOrigin, aPerson, aTenant, type Person, type Tenant, unique, useWorld } from '@morket/testing';
import { type Answer, call, send, TRANSPORTS, type Transport } from '@morket/testing/http';
import type { InputSchema } from '@morket/testing/sample';
import { validInput } from '@morket/testing/valid-input';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const world = useWorld();
const all = procedures();

/** Mutations that take no notice of a key: nobody is known to call them, so nobody can be given an answer of theirs. */
const WITHOUT_KEY = ['auth.login', 'auth.logout', 'auth.refresh', 'auth.register'];

test('every mutation but those of this list takes effect once under a key', () => {
  const without = all.filter(({ type, keepsAnswer }) => type === 'mutation' && !keepsAnswer);
  expect(without.map(({ path }) => path).sort()).toEqual(WITHOUT_KEY);
});

const schemasOf = ({ inputs }: ProcedureInfo) =>
  inputs.map((input) => z.toJSONSchema(input, { io: 'input' }) as InputSchema); // the part of JSON Schema zod writes
type Input = Awaited<ReturnType<typeof validInput>>;

/** Who may call a procedure, with an input that is good. */
async function aCall(procedure: ProcedureInfo): Promise<{ tenant: Tenant; caller: Person; input: Input }> {
  const tenant = await aTenant(world, { credits: 1_000 });
  const caller = procedure.path === 'auth.acceptInvitation' ? await aPerson(world) : tenant.owner;
  return { tenant, caller, input: await validInput({ world, tenant, caller }, procedure, schemasOf(procedure)) };
}

const keyed = (caller: Person, key: string) => ({ token: caller.accessToken, headers: { 'idempotency-key': key } });
const isMarked = ({ headers }: Answer) => headers['idempotency-replayed'] === 'true';
/** What has been written down so far, of everybody. */
const recorded = async () => [await world.db.read.outboxEvent.count(), await world.db.read.auditEntry.count()];

/** What ends the caller's own access: authorizing comes before replaying. */
const SHUTS_OUT: Readonly<Record<string, number>> = { 'workspace.delete': 403 };

/** Fields that hold a secret: told once, kept nowhere, null in a replay. */
const TOLD_ONCE: Readonly<Record<string, readonly string[]>> = {
  'apiKey.create': ['secret'],
  'apiKey.rotate': ['secret'],
  'form.create': ['key', 'path'],
  'form.rotateKey': ['key', 'path'],
  'webhook.endpoints.create': ['secret'],
  'webhook.endpoints.rotateSecret': ['secret'],
};

function withoutSecrets(path: string, data: unknown): unknown {
  const secrets = TOLD_ONCE[path];
  if (!secrets) return data;
  expect(data, 'told the first time').toMatchObject(
    Object.fromEntries(secrets.map((name) => [name, expect.any(String)])),
  );
  return { ...Object(data), ...Object.fromEntries(secrets.map((name) => [name, null])) };
}

describe('a repeated call gets the answer of the first, marked, over the other transport as well, and nothing happens again', () => {
  test.each(all.filter(({ keepsAnswer }) => keepsAnswer))('$path', async (procedure) => {
    const { caller, input } = await aCall(procedure);
    const others: readonly Transport[] = procedure.rest ? ['trpc', 'rest'] : ['trpc'];
    const { idempotencyKey: _, ...fields } = input;
    const options = keyed(caller, unique());
    const first = await call(world, 'trpc', procedure, fields, options);
    expect([first.status, first.code, isMarked(first)]).toEqual([200, null, false]);
    const before = await recorded();
    for (const transport of others) {
      const again = await call(world, transport, procedure, fields, options);
      if (SHUTS_OUT[procedure.path] !== undefined) {
        expect(again.status).toBe(SHUTS_OUT[procedure.path]);
        continue;
      }
      expect([transport, again.code, isMarked(again)]).toEqual([transport, null, true]);
      expect(again.status).toBe(transport === 'rest' ? (procedure.rest?.status ?? 200) : 200);
      expect(again.data).toEqual(withoutSecrets(procedure.path, first.data));
    }
    expect(await recorded()).toEqual(before);
  });
});

test.each(TRANSPORTS)('422 over %s: another input under a used key', async (transport) => {
  const procedure = theProcedure('workspace.update');
  const { tenant, caller } = await aCall(procedure);
  const options = keyed(caller, unique());
  await call(world, transport, procedure, { workspaceId: tenant.id, name: 'One' }, options);
  const other = await call(world, transport, procedure, { workspaceId: tenant.id, name: 'Another' }, options);
  expect([other.status, other.code, isMarked(other)]).toEqual([422, 'idempotency.mismatch', false]);
});

test.each(TRANSPORTS)('400 over %s: a key that is none, whatever the procedure', async (transport) => {
  const { caller } = await aCall(theProcedure('workspace.create'));
  const refused = await call(world, transport, theProcedure('workspace.create'), { name: 'X' }, keyed(caller, 'short'));
  expect([refused.status, refused.code]).toEqual([400, 'request.invalid_input']);
});

test.each(TRANSPORTS)('400 over %s: an empty key, which is no call without one', async (transport) => {
  const person = await aPerson(world);
  const calls = [
    [theProcedure('workspace.create'), { name: 'X' }],
    [theProcedure('auth.sessions.revokeOthers'), {}],
    [theProcedure('auth.refresh'), { refreshToken: person.refreshToken }],
  ] as const;
  for (const [procedure, input] of calls) {
    const refused = await call(world, transport, procedure, input, keyed(person, ''));
    expect([procedure.path, refused.status, refused.code]).toEqual([procedure.path, 400, 'request.invalid_input']);
  }
});

test('what acts on the session of the caller is another call in another session', async () => {
  const { tenant, caller } = await aCall(theProcedure('auth.setActiveWorkspace'));
  const signedIn = await world.services.auth.login({ email: caller.email, password: caller.password }, anOrigin());
  const [one, two] = [caller, { ...caller, ...signedIn }];
  const choose = (who: Person) =>
    call(world, 'trpc', theProcedure('auth.setActiveWorkspace'), { workspaceId: tenant.id }, keyed(who, 'choose it'));
  expect((await Promise.all([one, two].map(choose))).map(isMarked)).toEqual([false, false]);
  expect((await Promise.all([one, two].map(choose))).map(isMarked)).toEqual([true, true]);
  for (const { accessToken: token } of [one, two]) {
    expect((await send(world, { method: 'GET', url: '/trpc/workspace.get' }, { token })).data).toMatchObject({
      id: tenant.id,
    });
  }
  const end = (who: Person) =>
    call(world, 'trpc', theProcedure('auth.sessions.revokeOthers'), {}, keyed(who, 'the others'));
  expect((await end(one)).data).toMatchObject({ revoked: 1 });
  const third = await world.services.auth.login({ email: caller.email, password: caller.password }, anOrigin());
  expect((await end({ ...caller, ...third })).data).toMatchObject({ revoked: 1 });
  expect((await end(one)).status, 'ended by the third').toBe(401);
});

test('a refusal keeps nothing: the same call passes when nothing stands in its way any more', async () => {
  const procedure = theProcedure('workspace.members.add');
  const { tenant, caller } = await aCall(procedure);
  const email = `later-${unique()}@example.com`;
  const add = () =>
    call(world, 'rest', procedure, { workspaceId: tenant.id, email, role: 'viewer' }, keyed(caller, `add ${email}`));
  expect((await add()).code).toBe('workspace.user_not_found');
  await aPerson(world, { email });
  const passed = await add();
  expect([passed.status, isMarked(passed)]).toEqual([201, false]);
});

test('403: whoever may not any more gets no answer of before', async () => {
  const procedure = theProcedure('workspace.update');
  const { tenant } = await aCall(procedure);
  const admin = await aMember(world, tenant, 'admin');
  const rename = () =>
    call(world, 'rest', procedure, { workspaceId: tenant.id, name: 'Ours' }, keyed(admin, 'rename it'));
  expect((await rename()).status).toBe(200);
  await world.services.members.updateRole(tenant.scope, { userId: admin.user.id, role: 'viewer' });
  const refused = await rename();
  expect([refused.status, refused.data, isMarked(refused)]).toEqual([403, null, false]);
});

test('one key of two people in one workspace, and of one person in two: each is a call of its own', async () => {
  const procedure = theProcedure('workspace.update');
  const { tenant, caller } = await aCall(procedure);
  const admin = await aMember(world, tenant, 'admin');
  const other = await aTenant(world, { owner: caller });
  const rename = (who: Person, workspaceId: string, name: string) =>
    call(world, 'trpc', procedure, { workspaceId, name }, keyed(who, 'the one key'));
  const answers = [
    await rename(caller, tenant.id, 'One'),
    await rename(admin, tenant.id, 'Two'),
    await rename(caller, other.id, 'Three'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers.map(isMarked)).toEqual([false, false, false]);
});

test('many at once: one effect; the others get its answer, or are told to come again', async () => {
  const { caller } = await aCall(theProcedure('workspace.create'));
  const options = keyed(caller, unique());
  const create = (index: number) =>
    call(world, TRANSPORTS[index % 2] ?? 'rest', theProcedure('workspace.create'), { name: 'Acme' }, options);
  const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => create(index)));
  const busy = answers.filter(({ code }) => code === 'idempotency.in_progress');
  for (const { status, headers } of busy) expect([status, headers['retry-after']]).toEqual([409, '1']);
  const made = answers.filter(({ code }) => code === null);
  expect(made.length + busy.length).toBe(answers.length);
  expect(made.filter((answer) => !isMarked(answer))).toHaveLength(1);
  const ids = new Set(made.map(({ data }) => (data as { id: string }).id)); // a workspace
  expect(ids.size).toBe(1);
  expect(await world.services.workspaces.list(caller.scope, { page: 1, limit: 20 })).toMatchObject({ total: 2 });
});

test('an invitation is mailed once, however often it is sent', async () => {
  const procedure = theProcedure('workspace.invitations.create');
  const { tenant, caller } = await aCall(procedure);
  const email = `guest-${unique()}@example.com`;
  const invite = () =>
    call(world, 'rest', procedure, { workspaceId: tenant.id, email, role: 'viewer' }, keyed(caller, `invite ${email}`));
  const [first, second] = [await invite(), await invite()];
  expect(second.data).toEqual(first.data);
  expect(isMarked(second)).toBe(true);
  expect(await world.mailTo(email)).toHaveLength(1);
});

test('a batch is marked when every answer in it is one of before', async () => {
  const { tenant, caller } = await aCall(theProcedure('billing.debit'));
  const batch = (...keys: readonly string[]) =>
    send(
      world,
      {
        method: 'POST',
        url: `/trpc/${keys.map(() => 'billing.debit').join(',')}?batch=1`,
        payload: Object.fromEntries(
          keys.map((idempotencyKey, index) => [
            index,
            { workspaceId: tenant.id, amount: 1, description: 'x', idempotencyKey },
          ]),
        ),
      },
      { token: caller.accessToken },
    );
  expect(isMarked(await batch('batch key one', 'batch key two'))).toBe(false);
  expect(isMarked(await batch('batch key two', 'batch key one'))).toBe(true);
  expect(isMarked(await batch('batch key one', 'batch key three'))).toBe(false);
});

test('a refusal that is final under its key is marked as well', async () => {
  const procedure = theProcedure('billing.debit');
  const { tenant, caller } = await aCall(procedure);
  const debit = (transport: Transport) =>
    call(
      world,
      transport,
      procedure,
      { workspaceId: tenant.id, amount: 5_000, description: 'x' },
      keyed(caller, 'too much'),
    );
  const [first, second, third] = [await debit('trpc'), await debit('rest'), await debit('trpc')];
  expect([first.status, second.status, third.status]).toEqual([402, 402, 402]);
  expect([first, second, third].map(isMarked)).toEqual([false, true, true]);
});

function theProcedure(path: string): ProcedureInfo {
  const found = all.find((procedure) => procedure.path === path);
  if (!found) throw new Error(`There is no procedure ${path}.`);
  return found;
}
