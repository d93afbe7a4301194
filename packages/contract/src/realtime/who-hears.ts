import type { Permission } from '../permissions/index.ts';

/** Who may hear that something happened: whoever holds the permission, the person the event is for (`userId` of its payload), or nobody. */
export type Hearing = { readonly permission: Permission } | 'recipient' | 'nobody';

const readers = (permission: Permission): Hearing => ({ permission });

/** By what it happened to: the permission that lets somebody read it. */
const BY_ENTITY: Readonly<Record<string, Hearing>> = {
  workspace: readers('workspace:read'),
  api_key: readers('apiKey:read'),
  credential: readers('credential:read'),
  form: readers('form:read'),
  form_submission: readers('form:read'),
  job: readers('job:read'),
  webhook_endpoint: readers('webhook:read'),
  dead_letter: readers('event:manage'),
  billing_account: readers('billing:read'),
  notification: 'recipient',
  // They happen outside any workspace.
  user: 'nobody',
  session: 'nobody',
};

/** Events that tell of something other than what they happened to. */
const BY_NAME: Readonly<Record<string, Hearing>> = {
  'workspace.member_added': readers('member:read'),
  'workspace.member_removed': readers('member:read'),
  'workspace.member_role_changed': readers('member:read'),
  'workspace.invitation_created': readers('invitation:manage'),
  'workspace.invitation_revoked': readers('invitation:manage'),
  'workspace.invitation_accepted': readers('invitation:manage'),
  'plan.changed': readers('plan:read'),
};

const own = (rules: Readonly<Record<string, Hearing>>, key: string): Hearing | undefined =>
  Object.hasOwn(rules, key) ? rules[key] : undefined;

/** Who may hear of an event. Nobody hears of one that no rule names, until somebody decides who may. */
export const whoHears = (name: string, entity: string): Hearing =>
  own(BY_NAME, name) ?? own(BY_ENTITY, entity) ?? 'nobody';

/** Whether a rule was made for events of this kind. */
export const isHearingDecided = (name: string, entity: string): boolean =>
  own(BY_NAME, name) !== undefined || own(BY_ENTITY, entity) !== undefined;

/** Events after which somebody's access may be another one: those with a `userId` concern that person, the others everybody there. */
export const ACCESS_EVENTS: readonly string[] = [
  'workspace.member_removed',
  'workspace.member_role_changed',
  'workspace.deleted',
  'api_key.revoked',
  'api_key.rotated',
];
