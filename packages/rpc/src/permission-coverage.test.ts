import { can, isKeyPermission, PERMISSIONS, Role } from '@morket/contract/permissions';
import { expect, test } from 'vitest';
import { type ProcedureInfo, procedures } from './manifest.ts';
import { appRouter } from './router.ts';

/** Everything a stranger may call. A procedure that is neither here nor under a permission fails the test. */
const PUBLIC = ['auth.register', 'auth.login', 'auth.refresh', 'auth.logout', 'health.live', 'health.ready'];

/** About the caller's own account: no workspace is involved, so no permission is. */
const OWN_ACCOUNT = [
  'auth.me',
  'auth.updateProfile',
  'auth.changePassword',
  'auth.setActiveWorkspace',
  'auth.acceptInvitation',
  'auth.sessions.list',
  'auth.sessions.revoke',
  'auth.sessions.revokeOthers',
  'workspace.create',
  'workspace.list',
];

const all = procedures();
const pathsOf = (kind: ProcedureInfo['access']['kind']) =>
  all.filter(({ access }) => access.kind === kind).map(({ path }) => path);

test('every procedure of the router is in the manifest', () => {
  expect(all.map(({ path }) => path)).toEqual(Object.keys(appRouter._def.procedures));
});

test('strangers may call what this list says, and nothing else', () => {
  expect(pathsOf('public').sort()).toEqual(PUBLIC.toSorted());
});

test('a signed-in person may call what this list says without a role anywhere', () => {
  expect(pathsOf('user').sort()).toEqual(OWN_ACCOUNT.toSorted());
});

test('everything else is under a permission of the matrix', () => {
  const strays = all.filter(({ access }) => access.kind === 'workspace' && !(access.permission in PERMISSIONS));
  expect(strays).toEqual([]);
  expect(pathsOf('workspace')).toHaveLength(all.length - PUBLIC.length - OWN_ACCOUNT.length);
});

test('every permission of the matrix guards something', () => {
  const used = new Set(all.flatMap(({ access }) => (access.kind === 'workspace' ? [access.permission] : [])));
  expect([...used].sort()).toEqual(Object.keys(PERMISSIONS).sort());
});

test('only health checks are free of any limit', () => {
  const free = all.filter(({ access }) => access.kind === 'public' && access.policy === 'none');
  expect(free.map(({ path }) => path)).toEqual(['health.live', 'health.ready']);
});

const YES = 'yes';
const NO = '-';

/** Path, what it needs, and whether strangers, each role and an API key with the scope may call it. */
function rowOf({ path, access }: ProcedureInfo): readonly string[] {
  const roles = Role.options.map((role) => (access.kind !== 'workspace' || can(role, access.permission) ? YES : NO));
  const needs = access.kind === 'workspace' ? access.permission : access.kind;
  const isHeld = access.kind === 'workspace' && isKeyPermission(access.permission);
  const byKey = isHeld || access.kind === 'public' ? YES : NO;
  return [path, needs, access.kind === 'public' ? YES : NO, ...roles, byKey];
}

test('who may call what changes only together with the committed table', async () => {
  const rows = [['procedure', 'needs', 'anyone', ...Role.options, 'key'], ...all.map(rowOf)];
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widthOf(column)))
      .join('  ')
      .trimEnd(),
  );
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./permission-table.txt');
});
