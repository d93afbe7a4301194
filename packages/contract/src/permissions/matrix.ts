import { hasRank, type RankedRole, type Role } from './roles.ts';

type Rule = { readonly from: RankedRole; readonly support?: true };

/** Who may do what in a workspace: everyone at or above `from`, and support where it says so. */
export const PERMISSIONS = {
  'workspace:read': { from: 'viewer', support: true },
  'workspace:update': { from: 'admin' },
  'workspace:delete': { from: 'owner' },
  'member:read': { from: 'viewer', support: true },
  'member:manage': { from: 'admin' },
  'invitation:manage': { from: 'admin' },
  'credential:read': { from: 'viewer' },
  'credential:manage': { from: 'admin' },
  'billing:read': { from: 'viewer', support: true },
  'billing:spend': { from: 'member' },
  'billing:manage': { from: 'owner' },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof PERMISSIONS;

/** The question that the API, the web app and the documents all ask. */
export function can(role: Role, permission: Permission): boolean {
  const rule: Rule = PERMISSIONS[permission];
  return role === 'support' ? rule.support === true : hasRank(role, rule.from);
}
