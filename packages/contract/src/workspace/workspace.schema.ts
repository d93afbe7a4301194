import { z } from 'zod';
import { Role } from '../permissions/index.ts';
import { Email, Id, line, PageInput, pageOf, text } from '../primitives/index.ts';

const WorkspaceName = line(120).meta({ examples: ['Analytical Engines'] });

/** `role` is the caller's own. */
export const Workspace = z.object({
  id: Id,
  name: z.string().meta({ examples: ['Analytical Engines'] }),
  slug: z.string().meta({ examples: ['analytical-engines'] }),
  role: Role,
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Workspace = z.infer<typeof Workspace>;

export const CreateWorkspaceInput = z.object({ name: WorkspaceName });
export type CreateWorkspaceInput = z.infer<typeof CreateWorkspaceInput>;

export const UpdateWorkspaceInput = z.object({ name: WorkspaceName });
export type UpdateWorkspaceInput = z.infer<typeof UpdateWorkspaceInput>;

export const ListWorkspacesInput = PageInput;
export type ListWorkspacesInput = z.infer<typeof ListWorkspacesInput>;
export const WorkspacePage = pageOf(Workspace);

export const Member = z.object({
  userId: Id,
  email: z.string().meta({ examples: ['grace@example.com'] }),
  name: z.string().meta({ examples: ['Grace Hopper'] }),
  role: Role,
  /** Whether mail to the address is known to reach this person: an account alone does not show it. */
  emailVerified: z.boolean(),
  joinedAt: z.date(),
});
export type Member = z.infer<typeof Member>;

export const ListMembersInput = PageInput;
export type ListMembersInput = z.infer<typeof ListMembersInput>;
export const MemberPage = pageOf(Member);

export const AddMemberInput = z.object({ email: Email, role: Role });
export type AddMemberInput = z.infer<typeof AddMemberInput>;

export const RemoveMemberInput = z.object({ userId: Id });
export type RemoveMemberInput = z.infer<typeof RemoveMemberInput>;

export const UpdateMemberRoleInput = z.object({ userId: Id, role: Role });
export type UpdateMemberRoleInput = z.infer<typeof UpdateMemberRoleInput>;

export const Invitation = z.object({
  id: Id,
  email: z.string().meta({ examples: ['grace@example.com'] }),
  role: Role,
  invitedBy: Id,
  createdAt: z.date(),
  expiresAt: z.date(),
  status: z.enum(['open', 'accepted', 'revoked', 'expired']),
});
export type Invitation = z.infer<typeof Invitation>;

export const CreateInvitationInput = z.object({ email: Email, role: Role });
export type CreateInvitationInput = z.infer<typeof CreateInvitationInput>;

export const ListInvitationsInput = PageInput;
export type ListInvitationsInput = z.infer<typeof ListInvitationsInput>;
export const InvitationPage = pageOf(Invitation);

export const RevokeInvitationInput = z.object({ invitationId: Id });
export type RevokeInvitationInput = z.infer<typeof RevokeInvitationInput>;

export const AcceptInvitationInput = z.object({
  token: text(100)
    .min(20)
    .meta({ examples: ['8pQ1c0oYc7m3kq2xJx9w5m6d1r4t7u0z3v6y9b2e5h8'] }),
});
export type AcceptInvitationInput = z.infer<typeof AcceptInvitationInput>;
