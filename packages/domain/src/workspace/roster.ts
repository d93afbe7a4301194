import { Forbidden } from '@morket/contract/errors';
import { can, type Permission, type Role } from '@morket/contract/permissions';
import type { Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import * as members from './member.repo.ts';
import * as workspaces from './workspace.repo.ts';

/** The workspace behind its lock, and the caller's role in it. */
type Roster = { readonly workspace: workspaces.WorkspaceRow; readonly role: Role };

/**
 * Locks the workspace, on which every change of its members queues, and gives the caller's role as it is behind the lock: who has
 * been demoted while waiting decides nothing any more. Throws `access.forbidden`.
 */
export async function lockRoster(tx: Tx, scope: WorkspaceScope, permission: Permission): Promise<Roster> {
  const workspace = await workspaces.lockWorkspace(tx, scope.workspaceId);
  const role = workspace && (await members.findRole(tx, scope.workspaceId, scope.actorId));
  if (!workspace || !role || !can(role, permission)) throw Forbidden({});
  return { workspace, role };
}
