import { aDeadLetter } from './dead-letters.ts';
import { aJob, aMember, anApiKey, aPerson, type Person, scopeIn, sessionIdOf, type Tenant } from './factories.ts';
import type { Callable } from './http.ts';
import { type InputSchema, sampleOf } from './sample.ts';
import { anOrigin, unique, type World } from './world.ts';

type Fields = Readonly<Record<string, unknown>>;
type Scene = { readonly world: World; readonly tenant: Tenant; readonly caller: Person };

/** A session of the caller's own beside the one that calls. */
const anotherSession = ({ world, caller }: Scene) =>
  world.services.auth.login({ email: caller.email, password: caller.password }, anOrigin());

/** Made by the caller where they may, as only they could rotate it then. */
async function anApiKeyId({ world, tenant, caller }: Scene): Promise<string> {
  const scope = await scopeIn(world, caller, tenant.id, 'apiKey:manage').catch(() => tenant.scope);
  return (await anApiKey(world, tenant, { scope })).apiKey.id;
}

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

const aForm = ({ world, tenant }: Scene) =>
  world.services.forms.create(tenant.scope, {
    ...{ name: 'Request a demo', allowedOrigins: [], honeypot: null },
    fields: [{ from: 'mail', to: 'email', type: 'email', required: true }],
  });

const aFormId = async (scene: Scene) => ({ formId: (await aForm(scene)).form.id });

async function aSubmissionId(scene: Scene): Promise<Fields> {
  const { key } = await aForm(scene);
  const body = Buffer.from('mail=ada%40example.com');
  const contentType = 'application/x-www-form-urlencoded';
  const post = { formKey: key ?? '', idempotencyKey: null, body, contentType, origin: null };
  const { id } = await scene.world.formReceiver.receive(post, anOrigin());
  return { submissionId: id };
}

async function anEndpointId({ world, tenant }: Scene): Promise<{ endpointId: string }> {
  const url = 'https://hooks.example.com/morket';
  const { endpoint } = await world.services.webhookEndpoints.create(tenant.scope, { url, events: ['*'] });
  return { endpointId: endpoint.id };
}

async function aWebhookDeliveryId(scene: Scene): Promise<Fields> {
  const { world, tenant } = scene;
  const { id } = await world.services.webhookDeliveries.test(tenant.scope, await anEndpointId(scene));
  return { deliveryId: id };
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
    return { sessionId: await sessionIdOf(scene.world, accessToken) };
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
  'apiKey.rotate': async (scene) => ({ apiKeyId: await anApiKeyId(scene), graceSeconds: 0 }),
  'apiKey.revoke': async (scene) => ({ apiKeyId: await anApiKeyId(scene) }),
  'credential.rotate': async (scene) => ({ credentialId: await aCredentialId(scene) }),
  'credential.delete': async (scene) => ({ credentialId: await aCredentialId(scene) }),
  'events.deadLetters.retry': async ({ world, tenant }) => {
    const { consumer, eventId } = await aDeadLetter(world, tenant);
    return { consumer, eventId };
  },
  'jobs.get': async ({ world, tenant }) => ({ jobId: await aJob(world, tenant) }),
  'jobs.cancel': async ({ world, tenant }) => ({ jobId: await aJob(world, tenant) }),
  'jobs.retry': async ({ world, tenant }) => {
    const jobId = await aJob(world, tenant);
    await world.services.jobs.cancel(tenant.scope, { jobId });
    return { jobId };
  },
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
  'webhook.endpoints.get': anEndpointId,
  'webhook.endpoints.update': anEndpointId,
  'webhook.endpoints.delete': anEndpointId,
  'webhook.endpoints.enable': anEndpointId,
  'webhook.endpoints.disable': anEndpointId,
  'webhook.endpoints.rotateSecret': anEndpointId,
  'webhook.endpoints.test': anEndpointId,
  'webhook.deliveries.list': anEndpointId,
  'webhook.deliveries.get': aWebhookDeliveryId,
  'webhook.deliveries.replay': aWebhookDeliveryId,
  'webhook.deliveries.replayRange': anEndpointId,
  'audit.export': async ({ world, tenant }) => {
    await world.services.plans.set(tenant.scope, { planType: 'enterprise' });
    return {};
  },
  'form.get': aFormId,
  'form.update': aFormId,
  'form.rotateKey': aFormId,
  'form.delete': aFormId,
  'form.submissions.list': aFormId,
  'form.submissions.get': aSubmissionId,
  'form.submissions.replay': aSubmissionId,
  'form.submissions.delete': aSubmissionId,
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
