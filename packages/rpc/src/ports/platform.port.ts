import type { Permission } from '@morket/contract/permissions';
import type {
  AccessClaims,
  KeyClaims,
  RequestOrigin,
  TenantSources,
  UserScope,
  WorkspaceScope,
} from '@morket/domain/access';

export type AccessPort = {
  /** The bearer token of `Authorization`, which may be an API key, and the key of `X-API-Key`. */
  identify(bearer: string | null, apiKey?: string | null): Promise<AccessClaims>;
  /** The id of the key that these claim to be. What this process has never seen to be one is looked up once `charge` has let it. */
  proveKey(claims: KeyClaims, origin: RequestOrigin, charge: () => Promise<void>): Promise<string>;
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

/** All throw `request.rate_limited`. */
export type LimitPort = {
  /** `key` is the budget of calls under API keys that this process has never seen to be good. */
  chargeAddress(policy: AddressPolicy | 'key', ip: string | null): Promise<void>;
  /** A person or an API key; `password` is the small budget of calls that prove a password. */
  chargePrincipal(policy: 'principal' | 'password', principalId: string): Promise<void>;
  /** What all who act in a workspace have together: a new key makes no new budget. */
  chargeWorkspace(workspaceId: string): Promise<void>;
};
