import type { RequestOrigin } from '@morket/domain/access';
import type { Services } from './ports/index.ts';

/** Where failures nobody foresaw are written down. */
type FailureLog = {
  /** `err` stays on the server; the caller sees only the request id. */
  error(fields: { readonly err: unknown; readonly path: string }, message: string): void;
};

/** What every call of one HTTP request shares. Making it never throws and reads no database. */
export type Context = {
  readonly origin: RequestOrigin;
  readonly bearer: string | null;
  /** The `X-API-Key` header as sent. */
  readonly apiKey: string | null;
  readonly workspaceHeaders: readonly string[];
  readonly subdomain: string | undefined;
  /** The `Idempotency-Key` header as sent. */
  readonly idempotencyKey: string | null;
  readonly services: Services;
  readonly log: FailureLog;
  /** Filled while the request is served, for its log line and for the head of its answer; `replays` counts answers of before. */
  readonly seen: { userId?: string; apiKeyId?: string; workspaceId?: string; replays?: number };
};
