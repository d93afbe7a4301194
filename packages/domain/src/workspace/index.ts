export { createInvitationService, type InvitationService } from './invitation.service.ts';
export { createMemberService, type MemberService } from './member.service.ts';
export { createWorkspaceService, type WorkspaceService } from './workspace.service.ts';
