import type { PlanType } from '@morket/contract/billing';
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

/** What a caller means to bring about once, under a key of their own. One call has one, and one transaction keeps its answer. */
export type Intent = {
  readonly procedure: string;
  readonly key: string;
  /** The session that the call acts on, where it acts on one: in another session the same call means something else. */
  readonly sessionId?: string | undefined;
  /** Stands for the input, by which a key used for another effect is found out. */
  readonly fingerprint: Uint8Array;
  /** Set with the answer, and whether that is one of before. */
  isAnswered: boolean;
  isReplayed: boolean;
};

/** Who acts, as the audit log writes it down. */
export type Acting = {
  readonly actorId: string | null;
  readonly workspaceId: string | null;
  readonly impersonatorId: string | null;
  /** The key that acts in the name of `actorId`. */
  readonly apiKeyId?: string | undefined;
  readonly origin: RequestOrigin;
  /** Where the caller gave an idempotency key. */
  readonly intent?: Intent | undefined;
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

/** A member acting in one workspace under a permission they hold, by themselves or through a key. Only the access service makes one. */
export type WorkspaceScope = Acting & {
  readonly actorId: string;
  /** Null where a key acts. */
  readonly sessionId: string | null;
  readonly workspaceId: string;
  readonly role: Role;
  /** As it was when the call was authorized. */
  readonly planType: PlanType;
  readonly [authorized]: true;
};
