import { can, isKeyPermission, PERMISSIONS, type Permission, Role } from '@morket/contract/permissions';
import { type Access, type ProcedureInfo, procedures } from '@morket/rpc';
import { code, generatedFrom, table } from './markdown.ts';
import { planText } from './plan-text.ts';

const INTRODUCTION = `
A role is held in one workspace. Each procedure of a workspace asks for one permission; the same matrix answers in the API, in the web
app and on this page. Somebody without the permission and somebody who is no member get the same answer, \`access.forbidden\`.

An API key is given some of the permissions of whoever makes it, and loses with them what they lose. Some are given to no key: they would
let a stolen key outlive its revocation (by making keys, or by bringing in people), change what the workspace pays, destroy what cannot be
mended, or are about the person alone.
`.trim();

const permissions = Object.keys(PERMISSIONS) as Permission[]; // the keys of the matrix are its type

function accessText(access: Access): string {
  switch (access.kind) {
    case 'public':
      return 'anybody';
    case 'user':
      return 'own account';
    case 'workspace':
      return [`${code(access.permission)}${planText(access).length > 0 ? '.' : ''}`, ...planText(access)].join(' ');
  }
}

const roleRow = (permission: Permission): string[] => [
  code(permission),
  ...Role.options.map((role) => (can(role, permission) ? 'yes' : '–')),
  isKeyPermission(permission) ? 'may hold it' : 'never',
];

const procedureRow = ({ path, rest, access }: ProcedureInfo): string[] => [
  code(path),
  rest ? code(`${rest.method} ${rest.path}`) : '–',
  accessText(access),
];

/** docs/permissions.md: who may do what, and what each procedure asks for. */
export function permissionReference(): string {
  const parts = [
    generatedFrom('the permission matrix and the router'),
    '# Permissions',
    INTRODUCTION,
    '## Who may do what',
    table(['Permission', ...Role.options, 'API key'], permissions.map(roleRow)),
    '## What each procedure asks for',
    table(['Procedure', 'REST', 'Asks for'], procedures().map(procedureRow)),
  ];
  return `${parts.join('\n\n')}\n`;
}
