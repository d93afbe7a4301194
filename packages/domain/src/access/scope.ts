import type { Role } from '@morket/contract/permissions';

/** Where a request came from; `requestId` is a UUID. */
export type RequestOrigin = {
  readonly requestId: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** W3C trace context, where traces are on. */
  readonly traceparent?: string | undefined;
  /** The event that made Morket act, where it is no request of somebody's. */
  readonly causationId?: string | undefined;
};

/** Who acts, as the audit log writes it down. */
export type Acting = {
  readonly actorId: string | null;
  readonly workspaceId: string | null;
  readonly impersonatorId: string | null;
  /** The key that acts in the name of `actorId`. */
  readonly apiKeyId?: string | undefined;
  readonly origin: RequestOrigin;
};

declare const authenticated: unique symbol;
declare const authorized: unique symbol;

/** A signed-in person outside any workspace. Only the access service makes one. */
export type UserScope = Acting & {
  readonly actorId: string;
  readonly sessionId: string;
  readonly workspaceId: null;
  readonly [authenticated]: true;
};

/** A member acting in one workspace under a permission they hold. Only the access service makes one. */
export type WorkspaceScope = Acting & {
  readonly actorId: string;
  readonly sessionId: string;
  readonly workspaceId: string;
  readonly role: Role;
  readonly [authorized]: true;
};
