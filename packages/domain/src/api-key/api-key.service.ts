import { randomBytes } from 'node:crypto';
import {
  type ApiKey,
  ApiKeyCreated,
  ApiKeyExpiryInThePast,
  ApiKeyNotActive,
  ApiKeyNotFound,
  ApiKeyOfAnother,
  ApiKeyRevoked,
  ApiKeyRotated,
  ApiKeyScopeTooWide,
  type CreateApiKeyInput,
  type IssuedApiKey,
  type RevokeApiKeyInput,
  type RotateApiKeyInput,
} from '@morket/contract/api-key';
import { can } from '@morket/contract/permissions';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { Db, Tx } from '@morket/db';
import { apiKeyHash, apiKeyText, SECRET_BYTES, shownOfApiKey, type WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { assertWithinLimitIn } from '../plan/index.ts';
import { record } from '../record/index.ts';
import { lockRoster } from '../workspace/index.ts';
import * as repo from './api-key.repo.ts';

type NewSecret = repo.StoredSecret & { readonly text: string };

function newSecret(): NewSecret {
  const text = apiKeyText(randomBytes(SECRET_BYTES));
  return { text, keyHash: new Uint8Array(Buffer.from(apiKeyHash(text), 'hex')), ...shownOfApiKey(text) };
}

/** What a repetition is answered: the secret is kept nowhere. */
const withoutSecret = { keep: ({ apiKey }: IssuedApiKey): IssuedApiKey => ({ apiKey, secret: null }) };

async function assertAhead(tx: Tx, moment: string | null | undefined): Promise<void> {
  if (typeof moment === 'string' && !(await repo.isAhead(tx, moment))) throw ApiKeyExpiryInThePast({});
}

const isoOf = (moment: Date | null): string | null => moment?.toISOString() ?? null;
const toldOf = ({ name, last4, expiresAt }: ApiKey) => ({ name, last4, expiresAt: isoOf(expiresAt) });

/**
 * The keys by which programs act in a workspace. A key acts in the name of whoever made it, so nobody else is ever shown a secret of it;
 * everybody who manages keys may revoke it.
 */
export function createApiKeyService({ db }: { readonly db: Db }) {
  /** Throws `api_key.scope_too_wide`, `api_key.expiry_in_the_past`, `plan.limit_reached`. */
  async function create(scope: WorkspaceScope, input: CreateApiKeyInput): Promise<IssuedApiKey> {
    const { name, expiresAt = null } = input;
    const scopes = [...new Set(input.scopes)].sort();
    const id = newId();
    const { text, ...stored } = newSecret();
    const work = async (tx: Tx): Promise<IssuedApiKey> => {
      const { role } = await lockRoster(tx, scope, 'apiKey:manage');
      const missing = scopes.filter((permission) => !can(role, permission));
      if (missing.length > 0) throw ApiKeyScopeTooWide({ missing });
      await assertAhead(tx, expiresAt);
      await assertWithinLimitIn(tx, scope, 'apiKeys');
      await repo.insertApiKey(tx, scope, { id, name, scopes, expiresAt, ...stored });
      const apiKey = await repo.getApiKey(tx, scope, id);
      await record(tx, scope, ApiKeyCreated(id, { ...toldOf(apiKey), scopes }));
      return { apiKey, secret: text };
    };
    return once(db, scope, work, withoutSecret);
  }

  async function list(scope: WorkspaceScope, input: PageInput): Promise<Page<ApiKey>> {
    const { items, total } = await repo.listApiKeys(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** Throws `api_key.not_found`, `api_key.of_another`, `api_key.not_active`, `api_key.expiry_in_the_past`. */
  async function rotate(scope: WorkspaceScope, input: RotateApiKeyInput): Promise<IssuedApiKey> {
    const { apiKeyId: id, graceSeconds } = input;
    const { text, ...stored } = newSecret();
    const work = async (tx: Tx): Promise<IssuedApiKey> => {
      await lockRoster(tx, scope, 'apiKey:manage');
      const before = await repo.lockApiKey(tx, scope, id);
      if (!before) throw ApiKeyNotFound({});
      // Whoever else got the secret would act in the name of its maker.
      if (before.createdBy !== scope.actorId) throw ApiKeyOfAnother({});
      if (before.state !== 'active') throw ApiKeyNotActive({});
      await assertAhead(tx, input.expiresAt);
      const expiresAt = input.expiresAt === undefined ? isoOf(before.expiresAt) : input.expiresAt;
      await repo.replaceSecret(tx, scope, id, { ...stored, graceSeconds, expiresAt });
      const apiKey = await repo.getApiKey(tx, scope, id);
      const after = { ...toldOf(apiKey), graceEndsAt: isoOf(apiKey.graceEndsAt) };
      await record(tx, scope, ApiKeyRotated(id, after), {
        before: { name: before.name, last4: before.last4, expiresAt: isoOf(before.expiresAt) },
        after,
      });
      return { apiKey, secret: text };
    };
    return once(db, scope, work, withoutSecret);
  }

  /** Ends a key at once; one that is revoked already stays so. Throws `api_key.not_found`. */
  async function revoke(scope: WorkspaceScope, { apiKeyId: id }: RevokeApiKeyInput): Promise<null> {
    return once(db, scope, async (tx) => {
      await lockRoster(tx, scope, 'apiKey:manage');
      const before = await repo.lockApiKey(tx, scope, id);
      if (!before) throw ApiKeyNotFound({});
      if (before.state === 'revoked') return null;
      await repo.markRevoked(tx, scope, id);
      await record(tx, scope, ApiKeyRevoked(id, { name: before.name, last4: before.last4 }), {
        before: { state: before.state },
        after: { state: 'revoked' },
      });
      return null;
    });
  }

  return { create, list, rotate, revoke };
}

export type ApiKeyService = ReturnType<typeof createApiKeyService>;
