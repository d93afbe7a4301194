import {
  can,
  isKeyPermission,
  KEY_PERMISSIONS,
  type KeyPermission,
  type Permission,
  Role,
} from '@morket/contract/permissions';
import { createAccessTokens } from '@morket/domain/access';
import { type Access, type ProcedureInfo, procedures } from '@morket/rpc';
import {
  aMember,
  anApiKey,
  anOrigin,
  aPerson,
  aTenant,
  type Person,
  scopeIn,
  sessionIdOf,
  type Tenant,
  useWorld,
} from '@morket/testing';
import { type Answer, call, TRANSPORTS } from '@morket/testing/http';
import type { InputSchema } from '@morket/testing/sample';
import { validInput } from '@morket/testing/valid-input';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

/** Every procedure, called by everyone, over both transports: expectations come from manifest and permission matrix alone. */

const world = useWorld();

type Actor = {
  readonly name: string;
  readonly token: string | undefined;
  /** Whose ids and passwords stand in the input. */
  readonly person: Person | null;
  /** Whether the token is one of a live session. */
  readonly signedIn: boolean;
  /** In the workspace that is called on. */
  readonly role: Role | null;
  /** Where the token is an API key: what it holds, or why it is good for nothing there. */
  readonly key?: readonly KeyPermission[] | 'dead' | 'foreign';
};

/** Lowest first, so that the owner, who may delete the workspace, comes last. */
const ROLES = [...Role.options].reverse();

const people = new Map<string, Person>();
const personCalled = (name: string): Person => {
  const person = people.get(name);
  if (!person) throw new Error(`nobody is called ${name}`);
  return person;
};
let strangers: readonly Actor[];

beforeAll(async () => {
  for (const name of [
    ...ROLES,
    'former member',
    'foreign owner',
    'demoted member',
    'removed member',
    'signed out',
    'expired',
    'disabled',
  ]) {
    people.set(name, await aPerson(world));
  }
  await aTenant(world, { owner: personCalled('foreign owner') });
  await world.services.sessions.logout({ refreshToken: personCalled('signed out').refreshToken }, anOrigin());
  const disabled = personCalled('disabled');
  await world.db.read.user.update({ where: { id: disabled.user.id }, data: { disabledAt: new Date() } });
  const expired = createAccessTokens({ jwtSecret: world.configuration.jwtSecret, lifetimeSeconds: -60 });
  const { user, accessToken } = personCalled('expired');
  const claims = { userId: user.id, sessionId: await sessionIdOf(world, accessToken), gen: 0 };
  const nobody = { person: null, signedIn: false, role: null };
  strangers = [
    { name: 'anonymous', token: undefined, ...nobody },
    { name: 'garbage token', token: 'not.a.token', ...nobody },
    { name: 'expired token', token: (await expired.sign(claims)).accessToken, ...nobody },
    { name: 'revoked session', token: personCalled('signed out').accessToken, ...nobody },
    { name: 'disabled account', token: disabled.accessToken, ...nobody },
  ];
});

const signedIn = (name: string, role: Role | null): Actor => {
  const person = personCalled(name);
  return { name, token: person.accessToken, person, signedIn: true, role };
};

/** Keys of all kinds: one that holds this permission alone, one that holds all others, and those that are good for nothing. */
async function aKeyRing(tenant: Tenant, { access }: ProcedureInfo): Promise<readonly Actor[]> {
  const owner = personCalled('owner');
  const wanted: Permission | null = access.kind === 'workspace' ? access.permission : null;
  const others = KEY_PERMISSIONS.filter((permission) => permission !== wanted);
  const keyOf = async (person: Person, scopes: readonly KeyPermission[]) =>
    anApiKey(world, tenant, { scopes, scope: await scopeIn(world, person, tenant.id, 'apiKey:manage') });
  const actor = (name: string, token: string, key: Actor['key'], role: Role | null = null): Actor => {
    return { name, token, person: owner, signedIn: true, role, ...(key && { key }) };
  };
  const scopes = wanted !== null && isKeyPermission(wanted) ? [wanted] : KEY_PERMISSIONS;
  const [expired, revoked] = [await keyOf(owner, KEY_PERMISSIONS), await keyOf(owner, KEY_PERMISSIONS)];
  await world.db.read.apiKey.update({ where: { id: expired.apiKey.id }, data: { expiresAt: new Date() } });
  await world.services.apiKeys.revoke(tenant.scope, { apiKeyId: revoked.apiKey.id });

  const held = KEY_PERMISSIONS.filter((permission) => can('admin', permission));
  const [demoted, removed] = [personCalled('demoted member'), personCalled('removed member')];
  for (const person of [demoted, removed]) await aMember(world, tenant, 'admin', person);
  const [ofDemoted, ofRemoved] = [await keyOf(demoted, held), await keyOf(removed, held)];
  await world.services.members.updateRole(tenant.scope, { userId: demoted.user.id, role: 'viewer' });
  await world.services.members.remove(tenant.scope, { userId: removed.user.id });
  const elsewhere = await aTenant(world, { owner });
  return [
    actor('expired key', expired.secret, 'dead'),
    actor('revoked key', revoked.secret, 'dead'),
    actor('key of a removed member', ofRemoved.secret, 'dead'),
    actor(
      'key of another workspace',
      (await anApiKey(world, elsewhere, { scopes: KEY_PERMISSIONS })).secret,
      'foreign',
    ),
    actor('key of a demoted member', ofDemoted.secret, held, 'viewer'),
    actor('key without the scope', (await keyOf(owner, others)).secret, others, 'owner'),
    actor('key with the scope', (await keyOf(owner, scopes)).secret, scopes, 'owner'),
  ];
}

/** A workspace of which everybody is what their name says. */
async function aScene(procedure: ProcedureInfo): Promise<{ tenant: Tenant; actors: readonly Actor[] }> {
  const tenant = await aTenant(world, { owner: personCalled('owner'), credits: 1_000_000 });
  // So many callers come with as many members and keys.
  await world.services.plans.set(tenant.scope, { planType: 'enterprise' });
  const members = ROLES.filter((role) => role !== 'owner');
  for (const role of members) await aMember(world, tenant, role, personCalled(role));
  const former = await aMember(world, tenant, 'admin', personCalled('former member'));
  await world.services.members.remove(tenant.scope, { userId: former.user.id });
  const outsiders = [signedIn('former member', null), signedIn('foreign owner', null)];
  const keys = await aKeyRing(tenant, procedure);
  return { tenant, actors: [...strangers, ...keys, ...outsiders, ...ROLES.map((role) => signedIn(role, role))] };
}

type Verdict = 'passes' | 'access.session_required' | 'access.scope_missing' | 'access.workspace_conflict' | 401 | 403;

function expected(access: Access, actor: Actor): Verdict {
  const { key } = actor;
  if (access.kind === 'public') return 'passes';
  if (!actor.signedIn) return 401;
  if (access.kind === 'user') return key ? 'access.session_required' : 'passes';
  if (key === 'dead') return 401;
  if (key === 'foreign') return 'access.workspace_conflict';
  if (key && !key.some((permission) => permission === access.permission)) return 'access.scope_missing';
  return actor.role && can(actor.role, access.permission) ? 'passes' : 403;
}

/** A call that passed may be refused by its domain (a last owner, a rank), never by access, and never fail on our side. */
function observed({ status, code }: Answer): Verdict | string {
  if (status === 401 && code === 'access.unauthenticated') return 401;
  if (status === 403 && code === 'access.forbidden') return 403;
  if (status === 403 && (code === 'access.session_required' || code === 'access.scope_missing')) return code;
  if (status === 400 && code === 'access.workspace_conflict') return code;
  return status < 500 && status !== 400 && !code?.startsWith('access.') ? 'passes' : `${status} ${code}`;
}

const schemasOf = ({ inputs }: ProcedureInfo) =>
  inputs.map((input) => z.toJSONSchema(input, { io: 'input' }) as InputSchema); // the part of JSON Schema zod writes

describe.each(TRANSPORTS)('over %s', (transport) => {
  // A subscription has no address of its own.
  const all = procedures().filter(({ rest }) => transport === 'trpc' || rest !== null);
  test.each(all.map((procedure) => [procedure.path, procedure] as const))('%s', async (_, procedure) => {
    const { tenant, actors } = await aScene(procedure);
    const verdicts: Record<string, unknown> = {};
    const statuses: number[] = [];
    for (const actor of actors) {
      const caller = actor.person ?? personCalled('expired');
      const input = await validInput({ world, tenant, caller }, procedure, schemasOf(procedure));
      const answer = await call(world, transport, procedure, input, { token: actor.token });
      statuses.push(answer.status);
      verdicts[actor.name] = observed(answer);
      if (procedure.path === 'auth.changePassword' && answer.status === 200) {
        people.set(actor.name, { ...caller, password: String(input.newPassword) });
      }
    }
    expect(verdicts).toEqual(
      Object.fromEntries(actors.map((actor) => [actor.name, expected(procedure.access, actor)])),
    );
    // Else the inputs may be such that nobody is ever let through.
    expect(statuses).toContain(procedure.rest?.status === 201 && transport === 'rest' ? 201 : 200);
  });
});
