import { aMember, aPerson, type Person, type Tenant } from './factories.ts';
import type { Callable } from './http.ts';
import { type InputSchema, sampleOf } from './sample.ts';
import { anOrigin, unique, type World } from './world.ts';

type Fields = Readonly<Record<string, unknown>>;
type Scene = { readonly world: World; readonly tenant: Tenant; readonly caller: Person };

/** A session of the caller's own beside the one that calls. */
const anotherSession = ({ world, caller }: Scene) =>
  world.services.auth.login({ email: caller.email, password: caller.password }, anOrigin());

async function aCredentialId({ world, tenant }: Scene): Promise<string> {
  const { id } = await world.services.credentials.store(tenant.scope, { providerName: 'hunter', key: unique() });
  return id;
}

async function anInvitation({ world, tenant }: Scene, email: string): Promise<{ id: string; token: string }> {
  const { id } = await world.services.invitations.create(tenant.scope, { email, role: 'viewer' });
  const [message = ''] = (await world.mailTo(email)).slice(-1);
  return { id, token: message.trim().split('\n').at(-1) ?? '' };
}

async function aHoldId({ world, tenant }: Scene): Promise<string> {
  const { id } = await world.services.holds.create(tenant.scope, { amount: 200, description: 'Enrich 200 contacts' });
  return id;
}

/** What the example in a schema cannot know: fields that must be new, or name something that exists. */
const REAL: Readonly<Record<string, (scene: Scene) => Promise<Fields> | Fields>> = {
  'auth.register': () => ({ email: `new-${unique()}@example.com` }),
  'auth.login': ({ caller }) => ({ email: caller.email, password: caller.password }),
  'auth.refresh': async (scene) => ({ refreshToken: (await anotherSession(scene)).refreshToken }),
  'auth.logout': async (scene) => ({ refreshToken: (await anotherSession(scene)).refreshToken }),
  'auth.changePassword': ({ caller }) => ({ currentPassword: caller.password, newPassword: `new-${unique()}` }),
  'auth.setActiveWorkspace': () => ({ workspaceId: null }),
  'auth.acceptInvitation': async (scene) => {
    const { token } = await anInvitation(scene, scene.caller.email).catch(() => ({ token: unique().repeat(3) }));
    return { token };
  },
  'auth.sessions.revoke': async (scene) => {
    const { accessToken } = await anotherSession(scene);
    const { sessionId } = await scene.world.services.access.identify(accessToken);
    return { sessionId };
  },
  'workspace.members.add': async ({ world }) => ({ email: (await aPerson(world)).email }),
  'workspace.members.remove': async ({ world, tenant }) => ({
    userId: (await aMember(world, tenant, 'viewer')).user.id,
  }),
  'workspace.members.updateRole': async ({ world, tenant }) => ({
    userId: (await aMember(world, tenant, 'viewer')).user.id,
  }),
  'workspace.invitations.create': () => ({ email: `invited-${unique()}@example.com` }),
  'workspace.invitations.revoke': async (scene) => ({
    invitationId: (await anInvitation(scene, `invited-${unique()}@example.com`)).id,
  }),
  'credential.rotate': async (scene) => ({ credentialId: await aCredentialId(scene) }),
  'credential.delete': async (scene) => ({ credentialId: await aCredentialId(scene) }),
  'billing.reverse': async ({ world, tenant }) => {
    const { transaction } = await world.services.billing.debit(tenant.scope, { amount: 5, description: 'x' });
    return { transactionId: transaction.id };
  },
  'billing.setAutoRecharge': async ({ world, tenant }) => {
    await world.services.recharges.setMethod(tenant.scope, { token: 'pm_card_visa' });
    return {};
  },
  'billing.holds.capture': async (scene) => ({ holdId: await aHoldId(scene) }),
  'billing.holds.release': async (scene) => ({ holdId: await aHoldId(scene) }),
  'billing.holds.get': async (scene) => ({ holdId: await aHoldId(scene) }),
};

/**
 * An input with which the procedure succeeds in this tenant for a caller who may call it (accepting an invitation: for one who is no
 * member yet). `schemas` are the JSON Schemas of its inputs. What it names is made for this one call.
 */
export async function validInput(
  scene: Scene,
  procedure: Callable & { readonly access: { readonly kind: string } },
  schemas: readonly InputSchema[],
): Promise<Fields> {
  const sample: Fields = Object.assign({}, ...schemas.map(sampleOf));
  const tenant = procedure.access.kind === 'workspace' ? { workspaceId: scene.tenant.id } : {};
  return { ...sample, ...tenant, ...(await REAL[procedure.path]?.(scene)) };
}
