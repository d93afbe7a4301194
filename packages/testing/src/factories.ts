import type { ApiKey } from '@morket/contract/api-key';
import type { SignedIn } from '@morket/contract/auth';
import type { KeyPermission, Permission, Role } from '@morket/contract/permissions';
import { Done } from '@morket/contract/primitives';
import type { Workspace } from '@morket/contract/workspace';
import type { UserScope, WorkspaceScope } from '@morket/domain/access';
import { defineJob, enqueueIn } from '@morket/domain/job';
import { anOrigin, unique, type World } from './world.ts';

/** A registered, signed-in person. */
export type Person = SignedIn & { readonly email: string; readonly password: string; readonly scope: UserScope };

/** A workspace with its owner, who may do everything in it. */
export type Tenant = {
  readonly workspace: Workspace;
  readonly id: string;
  readonly owner: Person;
  readonly scope: WorkspaceScope;
};

export async function aPerson(
  world: World,
  overrides: { readonly email?: string; readonly password?: string; readonly name?: string } = {},
): Promise<Person> {
  const { email = `person-${unique()}@example.com`, password = `pass-${unique()}`, name = 'A Person' } = overrides;
  const { access, auth } = world.services;
  const signedIn = await auth.register({ email, password, name }, anOrigin());
  const scope = await access.userScope(await access.identify(signedIn.accessToken), anOrigin());
  return { ...signedIn, email, password, scope };
}

/** The session behind an access token. */
export async function sessionIdOf(world: World, accessToken: string): Promise<string> {
  const claims = await world.services.access.identify(accessToken);
  if ('keyHash' in claims) throw new Error('An API key has no session.');
  return claims.sessionId;
}

/** The scope in which this person acts there, minted by the real authorize step; throws what it throws. */
export async function scopeIn(
  world: World,
  person: Person,
  workspaceId: string,
  permission: Permission = 'workspace:read',
): Promise<WorkspaceScope> {
  const { access } = world.services;
  const claims = await access.identify(person.accessToken);
  const sources = { input: workspaceId, headers: [], subdomain: undefined };
  return access.workspaceScope(claims, anOrigin(), { sources, permission });
}

export async function aTenant(
  world: World,
  overrides: { readonly owner?: Person; readonly name?: string; readonly credits?: number } = {},
): Promise<Tenant> {
  const { owner = await aPerson(world), name = `Workspace ${unique()}`, credits = 0 } = overrides;
  const workspace = await world.services.workspaces.create(owner.scope, { name });
  const scope = await scopeIn(world, owner, workspace.id, 'billing:manage');
  if (credits > 0) await world.services.billing.addCredits(scope, { amount: credits, description: 'opening balance' });
  return { workspace, id: workspace.id, owner, scope };
}

/** Makes `person` (by default a new one) a member of the tenant. */
export async function aMember(
  world: World,
  tenant: Tenant,
  role: Role,
  person?: Person,
): Promise<Person & { readonly role: Role }> {
  const member = person ?? (await aPerson(world));
  await world.services.members.add(tenant.scope, { email: member.email, role });
  return { ...member, role };
}

/** A key of the tenant, made by whoever `scope` belongs to, by default its owner. */
export async function anApiKey(
  world: World,
  tenant: Tenant,
  overrides: {
    readonly name?: string;
    readonly scopes?: readonly KeyPermission[];
    readonly scope?: WorkspaceScope;
    readonly expiresAt?: Date;
  } = {},
): Promise<{ readonly apiKey: ApiKey; readonly secret: string }> {
  const { name = `Key ${unique()}`, scopes = ['workspace:read'], scope = tenant.scope, expiresAt } = overrides;
  const input = { name, scopes: [...scopes], ...(expiresAt && { expiresAt: expiresAt.toISOString() }) };
  const { apiKey, secret } = await world.services.apiKeys.create(scope, input);
  if (secret === null) throw new Error('A new key comes with its secret.');
  return { apiKey, secret };
}

/** A kind of job that no worker runs. */
const IDLE_JOB = defineJob({ name: 'test.idle', payload: Done });

/** A job of the tenant that waits for a worker; gives its id. */
export const aJob = (world: World, tenant: Pick<Tenant, 'id'>): Promise<string> =>
  world.db.transaction((tx) => enqueueIn(tx, IDLE_JOB, null, { workspaceId: tenant.id }));
