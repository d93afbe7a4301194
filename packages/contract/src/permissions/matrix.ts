import { hasRank, type RankedRole, type Role } from './roles.ts';

type Rule = {
  readonly from: RankedRole;
  readonly support?: true;
  /** False for what a person does, signed in: what would let a stolen key outlive its revocation, what cannot be mended, what is their own. */
  readonly byKey?: false;
};

/** Who may do what in a workspace: everyone at or above `from`, and support where it says so. */
export const PERMISSIONS = {
  'workspace:read': { from: 'viewer', support: true },
  'workspace:update': { from: 'admin' },
  'workspace:delete': { from: 'owner', byKey: false },
  'member:read': { from: 'viewer', support: true },
  'member:manage': { from: 'admin', byKey: false },
  'invitation:manage': { from: 'admin', byKey: false },
  'apiKey:read': { from: 'manager' },
  'apiKey:manage': { from: 'admin', byKey: false },
  'credential:read': { from: 'viewer' },
  'credential:manage': { from: 'admin' },
  'form:read': { from: 'member' },
  'form:manage': { from: 'admin', byKey: false },
  'event:manage': { from: 'admin' },
  'webhook:read': { from: 'admin' },
  'webhook:manage': { from: 'admin', byKey: false },
  'job:read': { from: 'admin' },
  'job:manage': { from: 'admin' },
  'notification:read': { from: 'viewer', support: true, byKey: false },
  'billing:read': { from: 'viewer', support: true },
  'billing:spend': { from: 'member' },
  'billing:manage': { from: 'owner' },
  'audit:read': { from: 'admin' },
  'audit:export': { from: 'admin' },
  'audit:verify': { from: 'owner' },
  'plan:read': { from: 'viewer' },
  'plan:manage': { from: 'owner', byKey: false },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof PERMISSIONS;

/** What an API key may be given. */
export type KeyPermission = {
  [Name in Permission]: (typeof PERMISSIONS)[Name] extends { readonly byKey: false } ? never : Name;
}[Permission];

/** Whether an API key may be given this permission at all. */
export function isKeyPermission(name: string): name is KeyPermission {
  const rules: Readonly<Record<string, Rule>> = PERMISSIONS;
  return Object.hasOwn(rules, name) && rules[name]?.byKey !== false;
}

/** Every permission that an API key may be given. */
export const KEY_PERMISSIONS: readonly KeyPermission[] = Object.keys(PERMISSIONS).filter(isKeyPermission);

/** The question that the API, the web app and the documents all ask. */
export function can(role: Role, permission: Permission): boolean {
  const rule: Rule = PERMISSIONS[permission];
  return role === 'support' ? rule.support === true : hasRank(role, rule.from);
}
