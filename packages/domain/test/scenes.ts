import type { UserScope, WorkspaceScope } from '@morket/domain/access';
import {
  aJob,
  aMember,
  anOrigin,
  aPerson,
  aTenant,
  type Person,
  scopeIn,
  sessionIdOf,
  type Tenant,
  unique,
  type World,
} from '@morket/testing';
import { aDeadLetter } from '@morket/testing/dead-letters';

/** What one verb works with; everything in it is new. `user` and `scope` are of one request each. */
export type Stage = {
  readonly person: Person;
  readonly tenant: Tenant;
  readonly member: Person;
  readonly user: UserScope;
  readonly scope: WorkspaceScope;
  /** The request of verbs that are called without a scope. */
  readonly origin: ReturnType<typeof anOrigin>;
};

export type Scene = {
  readonly run: (stage: Stage) => Promise<unknown>;
  /** The events it writes, in their order, each behind the kind of thing it is about. */
  readonly events: readonly string[];
};

/** Secrets that scenes hand in; none of them may turn up anywhere. */
export const CANARIES = {
  password: 'canary-password-4f1c',
  newPassword: 'canary-password-new-9d2e',
  key: 'canary-key-77aa-41c0-0001',
  newKey: 'canary-key-77aa-41c0-0002',
  secret: 'canary-secret-e3b0',
} as const;

export async function aStage(world: World): Promise<Stage> {
  const person = await aPerson(world, { password: CANARIES.password });
  const tenant = await aTenant(world, { owner: person, credits: 50 });
  const member = await aMember(world, tenant, 'viewer');
  const scope = await scopeIn(world, person, tenant.id, 'workspace:delete');
  return { person, tenant, member, user: { ...person.scope, origin: anOrigin() }, scope, origin: anOrigin() };
}

/** The same caller in an earlier request: what a scene has to prepare is not what it is about. */
const earlier = (scope: WorkspaceScope): WorkspaceScope => ({ ...scope, origin: anOrigin() });

/** Every verb that changes state, under the name of its procedure. */
export function scenesOf(world: World): Readonly<Record<string, Scene>> {
  const { auth, sessions, workspaces, members, invitations, apiKeys, credentials, billing, holds, recharges } =
    world.services;
  const { forms, notifications, submissions } = world.services;
  const store = (scope: WorkspaceScope) =>
    credentials.store(scope, { providerName: 'hunter', key: CANARIES.key, secret: CANARIES.secret });
  const apiKey = (scope: WorkspaceScope) => apiKeys.create(scope, { name: 'Nightly sync', scopes: ['billing:read'] });
  const hold = (scope: WorkspaceScope) => holds.create(scope, { amount: 5, description: 'x' });
  const form = (scope: WorkspaceScope) =>
    forms.create(scope, { name: 'Request a demo', allowedOrigins: [], honeypot: 'website', fields: [] });
  /** One that fell into the honeypot, so that reading it again makes a difference. */
  async function readSubmission(scope: WorkspaceScope): Promise<string> {
    const { key } = await form(scope);
    const body = Buffer.from('website=x');
    const contentType = 'application/x-www-form-urlencoded';
    const post = { formKey: key ?? '', idempotencyKey: null, body, contentType, origin: null };
    const { id } = await world.formReceiver.receive(post, anOrigin());
    await world.deliverEvents();
    return id;
  }
  const invite = (scope: WorkspaceScope, email = `i-${unique()}@example.com`) =>
    invitations.create(scope, { email, role: 'member' });
  const { webhookEndpoints, webhookDeliveries } = world.services;
  const endpoint = async (scope: WorkspaceScope) => {
    const made = await webhookEndpoints.create(scope, { url: 'https://hooks.example.com/morket', events: ['*'] });
    return { endpointId: made.endpoint.id };
  };
  const tokenFor = async (address: string) => /^[\w-]{43}$/m.exec((await world.mailTo(address)).join('\n'))?.[0] ?? '';
  return {
    'auth.register': {
      run: ({ origin }) =>
        auth.register({ email: `r-${unique()}@example.com`, password: CANARIES.newPassword, name: 'Ada' }, origin),
      events: ['user auth.user_registered', 'session auth.signed_in'],
    },
    'auth.login': { run: ({ person, origin }) => auth.login(person, origin), events: ['session auth.signed_in'] },
    'auth.refresh': {
      run: ({ person, origin }) =>
        sessions.refresh({ refreshToken: person.refreshToken, idempotencyKey: CANARIES.secret }, origin),
      events: [],
    },
    'auth.logout': {
      run: ({ person, origin }) => sessions.logout(person, origin),
      events: ['session auth.session_revoked'],
    },
    'auth.updateProfile': {
      run: ({ user }) => auth.updateProfile(user, { name: 'New Name' }),
      events: ['user auth.profile_updated'],
    },
    'auth.changePassword': {
      run: async ({ person, user }) => {
        await auth.login(person, anOrigin());
        await auth.changePassword(user, { currentPassword: person.password, newPassword: CANARIES.newPassword });
      },
      events: ['session auth.session_revoked', 'user auth.password_changed'],
    },
    'auth.setActiveWorkspace': {
      run: ({ user, tenant }) => workspaces.setActive(user, { workspaceId: tenant.id }),
      events: [],
    },
    'auth.acceptInvitation': {
      run: async ({ scope, origin }) => {
        const guest = await aPerson(world);
        await invite(earlier(scope), guest.email);
        const token = await tokenFor(guest.email);
        return { token, workspace: await invitations.accept({ ...guest.scope, origin }, { token }) };
      },
      events: ['workspace workspace.member_added', 'workspace workspace.invitation_accepted'],
    },
    'auth.sessions.revoke': {
      run: async ({ person, user }) => {
        const { accessToken } = await auth.login(person, anOrigin());
        return sessions.revoke(user, { sessionId: await sessionIdOf(world, accessToken) });
      },
      events: ['session auth.session_revoked'],
    },
    'auth.sessions.revokeOthers': {
      run: async ({ person, user }) => {
        for (let other = 0; other < 2; other += 1) await auth.login(person, anOrigin());
        return sessions.revokeOthers(user);
      },
      events: ['session auth.session_revoked', 'session auth.session_revoked'],
    },
    'workspace.create': {
      run: ({ user }) => workspaces.create(user, { name: 'Acme' }),
      events: ['workspace workspace.created', 'workspace workspace.member_added'],
    },
    'workspace.update': {
      run: ({ scope }) => workspaces.update(scope, { name: 'Emca' }),
      events: ['workspace workspace.updated'],
    },
    'workspace.delete': { run: ({ scope }) => workspaces.delete(scope), events: ['workspace workspace.deleted'] },
    'workspace.members.add': {
      run: async ({ scope }) => members.add(scope, { email: (await aPerson(world)).email, role: 'viewer' }),
      events: ['workspace workspace.member_added'],
    },
    'workspace.members.remove': {
      run: ({ scope, member }) => members.remove(scope, { userId: member.user.id }),
      events: ['workspace workspace.member_removed'],
    },
    'workspace.members.updateRole': {
      run: ({ scope, member }) => members.updateRole(scope, { userId: member.user.id, role: 'manager' }),
      events: ['workspace workspace.member_role_changed'],
    },
    'workspace.invitations.create': {
      run: ({ scope }) => invite(scope),
      events: ['workspace workspace.invitation_created'],
    },
    'workspace.invitations.revoke': {
      run: async ({ scope }) => invitations.revoke(scope, { invitationId: (await invite(earlier(scope))).id }),
      events: ['workspace workspace.invitation_revoked'],
    },
    'apiKey.create': { run: ({ scope }) => apiKey(scope), events: ['api_key api_key.created'] },
    'apiKey.rotate': {
      run: async ({ scope }) => {
        const { id: apiKeyId } = (await apiKey(earlier(scope))).apiKey;
        return apiKeys.rotate(scope, { apiKeyId, graceSeconds: 60 });
      },
      events: ['api_key api_key.rotated'],
    },
    'apiKey.revoke': {
      run: async ({ scope }) => apiKeys.revoke(scope, { apiKeyId: (await apiKey(earlier(scope))).apiKey.id }),
      events: ['api_key api_key.revoked'],
    },
    'credential.store': { run: ({ scope }) => store(scope), events: ['credential credential.stored'] },
    'credential.rotate': {
      run: async ({ scope }) =>
        credentials.rotate(scope, { credentialId: (await store(earlier(scope))).id, key: CANARIES.newKey }),
      events: ['credential credential.rotated'],
    },
    'credential.delete': {
      run: async ({ scope }) => credentials.delete(scope, { credentialId: (await store(earlier(scope))).id }),
      events: ['credential credential.deleted'],
    },
    'billing.addCredits': {
      run: ({ scope }) => billing.addCredits(scope, { amount: 5, description: 'x' }),
      events: ['billing_account billing.credited'],
    },
    'billing.debit': {
      run: ({ scope }) => billing.debit(scope, { amount: 5, description: 'x' }),
      events: ['billing_account billing.debited'],
    },
    'billing.reverse': {
      run: async ({ scope }) => {
        const { transaction } = await billing.debit(earlier(scope), { amount: 5, description: 'x' });
        return billing.reverse(scope, { transactionId: transaction.id, reason: 'a mistake' });
      },
      events: ['billing_account billing.reversed'],
    },
    'billing.holds.create': {
      run: ({ scope }) => hold(scope),
      events: ['billing_account billing.hold_opened'],
    },
    'billing.holds.capture': {
      run: async ({ scope }) =>
        holds.capture(scope, { holdId: (await hold(earlier(scope))).id, amount: 3, final: true }),
      events: ['billing_account billing.hold_captured'],
    },
    'billing.holds.release': {
      run: async ({ scope }) => holds.release(scope, { holdId: (await hold(earlier(scope))).id }),
      events: ['billing_account billing.hold_released'],
    },
    'billing.setAutoRecharge': {
      run: ({ scope }) => recharges.setRule(scope, { enabled: false, threshold: 1, amount: 1 }),
      events: ['billing_account billing.auto_recharge_set'],
    },
    'billing.setPaymentMethod': {
      run: ({ scope }) => recharges.setMethod(scope, { token: 'pm_card_visa' }),
      events: ['billing_account billing.payment_method_set'],
    },
    'billing.removePaymentMethod': {
      run: async ({ scope }) => {
        await recharges.setMethod(earlier(scope), { token: 'pm_card_visa' });
        return recharges.removeMethod(scope);
      },
      events: ['billing_account billing.payment_method_set'],
    },
    'notification.markRead': {
      run: ({ scope }) => notifications.markRead(scope, { notificationIds: [scope.workspaceId] }),
      events: [],
    },
    'notification.markAllRead': { run: ({ scope }) => notifications.markAllRead(scope), events: [] },
    'notification.setPreferences': {
      run: ({ scope }) => notifications.setPreferences(scope, { mailFrequency: 'daily' }),
      events: [],
    },
    'events.deadLetters.retry': {
      run: async ({ scope, tenant }) => world.services.deadLetters.retry(scope, await aDeadLetter(world, tenant)),
      events: ['dead_letter events.dead_letter_retried'],
    },
    'jobs.cancel': {
      run: async ({ scope, tenant }) => world.services.jobs.cancel(scope, { jobId: await aJob(world, tenant) }),
      events: ['job job.cancelled'],
    },
    'jobs.retry': {
      run: async ({ scope, tenant }) => {
        const jobId = await aJob(world, tenant);
        await world.services.jobs.cancel(earlier(scope), { jobId });
        return world.services.jobs.retry(scope, { jobId });
      },
      events: ['job job.retried'],
    },
    'webhook.endpoints.create': {
      run: ({ scope }) => endpoint(scope),
      events: ['webhook_endpoint webhook.endpoint_created'],
    },
    'webhook.endpoints.update': {
      run: async ({ scope }) => webhookEndpoints.update(scope, { ...(await endpoint(earlier(scope))), thin: true }),
      events: ['webhook_endpoint webhook.endpoint_updated'],
    },
    'webhook.endpoints.delete': {
      run: async ({ scope }) => webhookEndpoints.delete(scope, await endpoint(earlier(scope))),
      events: ['webhook_endpoint webhook.endpoint_deleted'],
    },
    'webhook.endpoints.disable': {
      run: async ({ scope }) => webhookEndpoints.disable(scope, await endpoint(earlier(scope))),
      events: ['webhook_endpoint webhook.endpoint_disabled'],
    },
    'webhook.endpoints.enable': {
      run: async ({ scope }) => {
        const made = await endpoint(earlier(scope));
        await webhookEndpoints.disable(earlier(scope), made);
        return webhookEndpoints.enable(scope, made);
      },
      events: ['webhook_endpoint webhook.endpoint_enabled'],
    },
    'webhook.endpoints.rotateSecret': {
      run: async ({ scope }) => webhookEndpoints.rotateSecret(scope, await endpoint(earlier(scope))),
      events: ['webhook_endpoint webhook.secret_rotated'],
    },
    'webhook.endpoints.test': {
      run: async ({ scope }) => webhookDeliveries.test(scope, await endpoint(earlier(scope))),
      events: ['webhook_endpoint webhook.test'],
    },
    'webhook.deliveries.replay': {
      run: async ({ scope }) => {
        const { id } = await webhookDeliveries.test(earlier(scope), await endpoint(earlier(scope)));
        return webhookDeliveries.replay(scope, { deliveryId: id });
      },
      events: ['webhook_endpoint webhook.deliveries_replayed'],
    },
    'webhook.deliveries.replayRange': {
      run: async ({ scope }) => {
        const span = { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' };
        return webhookDeliveries.replayRange(scope, { ...(await endpoint(earlier(scope))), ...span });
      },
      events: ['webhook_endpoint webhook.deliveries_replayed'],
    },
    'form.create': { run: ({ scope }) => form(scope), events: ['form form.created'] },
    'form.update': {
      run: async ({ scope }) => forms.update(scope, { formId: (await form(earlier(scope))).form.id, active: false }),
      events: ['form form.updated'],
    },
    'form.rotateKey': {
      run: async ({ scope }) => forms.rotateKey(scope, { formId: (await form(earlier(scope))).form.id }),
      events: ['form form.key_rotated'],
    },
    'form.delete': {
      run: async ({ scope }) => forms.delete(scope, { formId: (await form(earlier(scope))).form.id }),
      events: ['form form.deleted'],
    },
    'form.submissions.replay': {
      run: async ({ scope }) => submissions.replay(scope, { submissionId: await readSubmission(earlier(scope)) }),
      events: ['form_submission form.submission_received'],
    },
    'form.submissions.delete': {
      run: async ({ scope }) => submissions.delete(scope, { submissionId: await readSubmission(earlier(scope)) }),
      events: ['form_submission form.submission_deleted'],
    },
    'plan.set': {
      run: ({ scope }) => world.services.plans.set(scope, { planType: 'pro' }),
      events: ['workspace plan.changed'],
    },
    'billing.setCreditLimit': {
      run: ({ scope }) => billing.setCreditLimit(scope, { creditLimit: 9 }),
      events: ['billing_account billing.credit_limit_set'],
    },
  };
}
