import type { Permission } from '@morket/contract/permissions';
import type { AccessClaims, RequestOrigin, TenantSources, UserScope, WorkspaceScope } from '@morket/domain/access';

export type AccessPort = {
  identify(bearer: string | null): Promise<AccessClaims>;
  userScope(claims: AccessClaims, origin: RequestOrigin): Promise<UserScope>;
  workspaceScope(
    claims: AccessClaims,
    origin: RequestOrigin,
    wanted: { readonly sources: TenantSources; readonly permission: Permission },
  ): Promise<WorkspaceScope>;
};

export type HealthPort = {
  /** Throws `server.unavailable` while the process should get no traffic. */
  ready(): Promise<void>;
};

/** The budget of an address that a public call is charged to; `none` is for what load balancers ask. */
export type AddressPolicy = 'auth' | 'refresh' | 'anonymous' | 'none';

/** Both throw `request.rate_limited`. */
export type LimitPort = {
  chargeAddress(policy: AddressPolicy, ip: string | null): Promise<void>;
  /** `password` is the small budget of calls that prove a password. */
  chargeUser(policy: 'principal' | 'password', userId: string): Promise<void>;
};
