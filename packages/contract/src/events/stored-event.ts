/** An event as the outbox keeps it and consumers see it. */
export type StoredEvent = {
  /** UUID; the audit entry of the change bears it too. */
  readonly id: string;
  /** Rises with the events of one aggregate; says nothing between two aggregates. */
  readonly seq: bigint;
  /** Null for what belongs to no workspace, such as a person signing in. */
  readonly workspaceId: string | null;
  readonly name: string;
  readonly version: number;
  readonly aggregate: { readonly type: string; readonly id: string };
  readonly payload: Readonly<Record<string, unknown>>;
  readonly actorId: string | null;
  readonly impersonatorId: string | null;
  readonly apiKeyId: string | null;
  readonly requestId: string | null;
  /** W3C trace context of the request. */
  readonly traceparent: string | null;
  /** The event whose consumer wrote this one. */
  readonly causationId: string | null;
  readonly createdAt: Date;
};
