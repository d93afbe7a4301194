import { can, Role } from '@morket/contract/permissions';
import { createAccessTokens } from '@morket/domain/access';
import { type Access, type ProcedureInfo, procedures } from '@morket/rpc';
import { aMember, anOrigin, aPerson, aTenant, type Person, type Tenant, useWorld } from '@morket/testing';
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
  for (const name of [...ROLES, 'former member', 'foreign owner', 'signed out', 'expired', 'disabled']) {
    people.set(name, await aPerson(world));
  }
  await aTenant(world, { owner: personCalled('foreign owner') });
  await world.services.sessions.logout({ refreshToken: personCalled('signed out').refreshToken }, anOrigin());
  const disabled = personCalled('disabled');
  await world.db.read.user.update({ where: { id: disabled.user.id }, data: { disabledAt: new Date() } });
  const expired = createAccessTokens({ jwtSecret: world.configuration.jwtSecret, lifetimeSeconds: -60 });
  const claims = await world.services.access.identify(personCalled('expired').accessToken);
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

/** A workspace of which everybody is what their name says. */
async function aScene(): Promise<{ tenant: Tenant; actors: readonly Actor[] }> {
  const tenant = await aTenant(world, { owner: personCalled('owner'), credits: 1_000_000 });
  const members = ROLES.filter((role) => role !== 'owner');
  for (const role of members) await aMember(world, tenant, role, personCalled(role));
  const former = await aMember(world, tenant, 'admin', personCalled('former member'));
  await world.services.members.remove(tenant.scope, { userId: former.user.id });
  const outsiders = [signedIn('former member', null), signedIn('foreign owner', null)];
  return { tenant, actors: [...strangers, ...outsiders, ...ROLES.map((role) => signedIn(role, role))] };
}

type Verdict = 'passes' | 401 | 403;

function expected(access: Access, actor: Actor): Verdict {
  if (access.kind === 'public') return 'passes';
  if (!actor.signedIn) return 401;
  if (access.kind === 'user') return 'passes';
  return actor.role && can(actor.role, access.permission) ? 'passes' : 403;
}

/** A call that passed may be refused by its domain (a last owner, a rank), never by access, and never fail on our side. */
function observed({ status, code }: Answer): Verdict | string {
  if (status === 401 && code === 'access.unauthenticated') return 401;
  if (status === 403 && code === 'access.forbidden') return 403;
  return status < 500 && status !== 400 && !code?.startsWith('access.') ? 'passes' : `${status} ${code}`;
}

const schemasOf = ({ inputs }: ProcedureInfo) =>
  inputs.map((input) => z.toJSONSchema(input, { io: 'input' }) as InputSchema); // the part of JSON Schema zod writes

describe.each(TRANSPORTS)('over %s', (transport) => {
  test.each(procedures().map((procedure) => [procedure.path, procedure] as const))('%s', async (_, procedure) => {
    const { tenant, actors } = await aScene();
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
