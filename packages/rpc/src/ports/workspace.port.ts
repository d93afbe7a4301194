import type { SetActiveWorkspaceInput } from '@morket/contract/auth';
import type { Page, PageInput } from '@morket/contract/primitives';
import type {
  AcceptInvitationInput,
  AddMemberInput,
  CreateInvitationInput,
  CreateWorkspaceInput,
  Invitation,
  Member,
  RemoveMemberInput,
  RevokeInvitationInput,
  UpdateMemberRoleInput,
  UpdateWorkspaceInput,
  Workspace,
} from '@morket/contract/workspace';
import type { UserScope, WorkspaceScope } from '@morket/domain/access';

export type WorkspacePort = {
  create(scope: UserScope, input: CreateWorkspaceInput): Promise<Workspace>;
  list(scope: UserScope, input: PageInput): Promise<Page<Workspace>>;
  get(scope: WorkspaceScope): Promise<Workspace>;
  update(scope: WorkspaceScope, input: UpdateWorkspaceInput): Promise<Workspace>;
  delete(scope: WorkspaceScope): Promise<null>;
  setActive(scope: UserScope, input: SetActiveWorkspaceInput): Promise<null>;
};

export type MemberPort = {
  list(scope: WorkspaceScope, input: PageInput): Promise<Page<Member>>;
  add(scope: WorkspaceScope, input: AddMemberInput): Promise<Member>;
  remove(scope: WorkspaceScope, input: RemoveMemberInput): Promise<null>;
  updateRole(scope: WorkspaceScope, input: UpdateMemberRoleInput): Promise<Member>;
};

export type InvitationPort = {
  create(scope: WorkspaceScope, input: CreateInvitationInput): Promise<Invitation>;
  list(scope: WorkspaceScope, input: PageInput): Promise<Page<Invitation>>;
  revoke(scope: WorkspaceScope, input: RevokeInvitationInput): Promise<null>;
  accept(scope: UserScope, input: AcceptInvitationInput): Promise<Workspace>;
};
