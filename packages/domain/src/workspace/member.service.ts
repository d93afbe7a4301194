import type { Role } from '@morket/contract/permissions';
import type { Page, PageInput } from '@morket/contract/primitives';
import {
  type AddMemberInput,
  AlreadyMember,
  type Member,
  MemberAdded,
  MemberNotFound,
  MemberRemoved,
  MemberRoleChanged,
  type RemoveMemberInput,
  type UpdateMemberRoleInput,
  UserNotFound,
} from '@morket/contract/workspace';
import type { Db, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { findUserByEmail } from '../auth/index.ts';
import { once } from '../idempotency/index.ts';
import { assertWithinLimitIn } from '../plan/index.ts';
import { record } from '../record/index.ts';
import * as repo from './member.repo.ts';
import { assertOwnerRemains, assertWithinRank } from './membership.model.ts';
import { lockRoster } from './roster.ts';

/** Members of a workspace. Every change queues on the workspace row, so counts and ranks hold when they are acted on. */
export function createMemberService({ db }: { readonly db: Db }) {
  async function list(scope: WorkspaceScope, input: PageInput): Promise<Page<Member>> {
    const { items, total } = await repo.listMembers(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** Throws `workspace.user_not_found`, `workspace.already_member`, `workspace.role_too_high`, `plan.limit_reached`. */
  async function add(scope: WorkspaceScope, { email, role }: AddMemberInput): Promise<Member> {
    return once(db, scope, async (tx) => {
      const { role: ownRole } = await lockRoster(tx, scope, 'member:manage');
      assertWithinRank(ownRole, role);
      const user = await findUserByEmail(tx, email);
      if (!user) throw UserNotFound({});
      if (await repo.findRole(tx, scope.workspaceId, user.id)) throw AlreadyMember({});
      await assertWithinLimitIn(tx, scope, 'members');
      const member = await repo.insertMember(tx, scope.workspaceId, { userId: user.id, role });
      await record(tx, scope, MemberAdded(scope.workspaceId, { userId: user.id, role }));
      return member;
    });
  }

  /** The role of a member behind the lock. Throws `workspace.member_not_found`. */
  async function roleOf(tx: Tx, scope: WorkspaceScope, userId: string): Promise<Role> {
    const role = await repo.findRole(tx, scope.workspaceId, userId);
    if (!role) throw MemberNotFound({});
    return role;
  }

  /** Throws `workspace.member_not_found`, `workspace.role_too_high`, `workspace.last_owner`. */
  async function remove(scope: WorkspaceScope, { userId }: RemoveMemberInput): Promise<null> {
    return once(db, scope, async (tx) => {
      const { role: ownRole } = await lockRoster(tx, scope, 'member:manage');
      const role = await roleOf(tx, scope, userId);
      assertWithinRank(ownRole, role);
      assertOwnerRemains(await repo.countOwners(tx, scope), role, null);
      await repo.deleteMember(tx, scope, userId);
      await record(tx, scope, MemberRemoved(scope.workspaceId, { userId, role }));
      return null;
    });
  }

  /** Throws `workspace.member_not_found`, `workspace.role_too_high`, `workspace.last_owner`. */
  async function updateRole(scope: WorkspaceScope, { userId, role }: UpdateMemberRoleInput): Promise<Member> {
    return once(db, scope, async (tx) => {
      const { role: ownRole } = await lockRoster(tx, scope, 'member:manage');
      const previousRole = await roleOf(tx, scope, userId);
      assertWithinRank(ownRole, previousRole, role);
      assertOwnerRemains(await repo.countOwners(tx, scope), previousRole, role);
      const member = await repo.updateRole(tx, scope, { userId, role });
      await record(tx, scope, MemberRoleChanged(scope.workspaceId, { userId, role, previousRole }), {
        before: { role: previousRole },
        after: { role },
      });
      return member;
    });
  }

  return { list, add, remove, updateRole };
}

export type MemberService = ReturnType<typeof createMemberService>;
