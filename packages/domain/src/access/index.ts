export { type AccessClaims, type AccessService, createAccessService } from './access.service.ts';
export { type AccessTokens, createAccessTokens, type SessionClaims } from './access-token.ts';
export { apiKeyHash, apiKeyText, SECRET_BYTES, shownOfApiKey } from './api-key-text.model.ts';
export type { KeyClaims } from './key-access.ts';
export type { Acting, Intent, RequestOrigin, UserScope, WorkspaceScope } from './scope.ts';
export { systemActing } from './system-acting.ts';
export type { TenantSources } from './tenant.model.ts';
