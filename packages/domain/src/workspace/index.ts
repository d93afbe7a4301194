export { createInvitationService, type InvitationService } from './invitation.service.ts';
export { mailInvitation } from './invitation-mail.ts';
export { createMemberService, type MemberService } from './member.service.ts';
export { lockRoster } from './roster.ts';
export { createWorkspaceService, type WorkspaceService } from './workspace.service.ts';
