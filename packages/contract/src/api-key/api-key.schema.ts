import { z } from 'zod';
import { KEY_PERMISSIONS } from '../permissions/index.ts';
import { Id, Instant, line, PageInput, pageOf } from '../primitives/index.ts';

const DAY_SECONDS = 24 * 60 * 60;
/** The longest that a replaced secret stays good beside the new one. */
export const MAX_GRACE_SECONDS = 7 * DAY_SECONDS;

const ApiKeyName = line(80).meta({ examples: ['Nightly sync'] });
const examples = [['workspace:read', 'billing:read']];

/** A permission that a key may be given. */
export const ApiKeyScope = z.enum(KEY_PERMISSIONS);
export type ApiKeyScope = z.infer<typeof ApiKeyScope>;

/** `ownerless`: whoever made it is no member any more, or their account is disabled. Only an active key is taken. */
export const ApiKeyState = z.enum(['active', 'expired', 'revoked', 'ownerless']);
export type ApiKeyState = z.infer<typeof ApiKeyState>;

/** `keyPrefix` and `last4` are all that is kept of its secret in a readable form. */
export const ApiKey = z.object({
  id: Id,
  workspaceId: Id,
  name: z.string().meta({ examples: ['Nightly sync'] }),
  keyPrefix: z.string().meta({ examples: ['mk_live_3kV9'] }),
  last4: z.string().meta({ examples: ['p0Xz'] }),
  scopes: z.array(ApiKeyScope).max(KEY_PERMISSIONS.length).meta({ examples }),
  state: ApiKeyState,
  createdBy: Id,
  createdAt: z.date(),
  expiresAt: z.date().nullable(),
  rotatedAt: z.date().nullable(),
  /** Until then the secret of before the last rotation is taken, too. */
  graceEndsAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
  /** To the minute; null for a key that was never used. */
  lastUsedAt: z.date().nullable(),
});
export type ApiKey = z.infer<typeof ApiKey>;

/** The one answer with the secret; null in its repetition under an idempotency key. */
export const IssuedApiKey = z.object({
  apiKey: ApiKey,
  secret: z
    .string()
    .nullable()
    .meta({ examples: ['mk_live_3kV9…p0Xz'] }),
});
export type IssuedApiKey = z.infer<typeof IssuedApiKey>;

/** Without `expiresAt` the key is good until it is revoked. */
export const CreateApiKeyInput = z.object({
  name: ApiKeyName,
  scopes: z.array(ApiKeyScope).min(1).max(KEY_PERMISSIONS.length).meta({ examples }),
  expiresAt: Instant.optional(),
});
export type CreateApiKeyInput = z.infer<typeof CreateApiKeyInput>;

/** Without `graceSeconds` the old secret ends at once; without `expiresAt` the key ends when it would have. */
export const RotateApiKeyInput = z.object({
  apiKeyId: Id,
  graceSeconds: z.int().min(0).max(MAX_GRACE_SECONDS).default(0),
  expiresAt: Instant.nullable().optional(),
});
export type RotateApiKeyInput = z.infer<typeof RotateApiKeyInput>;

export const RevokeApiKeyInput = z.object({ apiKeyId: Id });
export type RevokeApiKeyInput = z.infer<typeof RevokeApiKeyInput>;

export const ListApiKeysInput = PageInput;
export type ListApiKeysInput = z.infer<typeof ListApiKeysInput>;
export const ApiKeyPage = pageOf(ApiKey);
