export { type AccessService, createAccessService } from './access.service.ts';
export { type AccessClaims, type AccessTokens, createAccessTokens } from './access-token.ts';
export type { Acting, RequestOrigin, UserScope, WorkspaceScope } from './scope.ts';
export { systemActing } from './system-acting.ts';
export type { TenantSources } from './tenant.model.ts';
