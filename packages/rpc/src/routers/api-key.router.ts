import {
  ApiKeyExpiryInThePast,
  ApiKeyNotActive,
  ApiKeyNotFound,
  ApiKeyOfAnother,
  ApiKeyPage,
  ApiKeyScopeTooWide,
  CreateApiKeyInput,
  IssuedApiKey,
  ListApiKeysInput,
  RevokeApiKeyInput,
  RotateApiKeyInput,
} from '@morket/contract/api-key';
import { Done } from '@morket/contract/primitives';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const API_KEYS = '/workspaces/{workspaceId}/api-keys';

export const apiKeyRouter = t.router({
  create: workspaceProcedure('apiKey:manage', { feature: 'apiKeys', limit: 'apiKeys' })
    .meta({
      rest: { method: 'POST', path: API_KEYS, status: 201 },
      summary: 'Make an API key; its secret is shown in this answer alone',
      errors: [ApiKeyScopeTooWide, ApiKeyExpiryInThePast],
    })
    .input(CreateApiKeyInput)
    .output(IssuedApiKey)
    .mutation(({ ctx, input }) => ctx.services.apiKeys.create(ctx.scope, input)),
  list: workspaceProcedure('apiKey:read')
    .meta({ rest: { method: 'GET', path: API_KEYS }, summary: 'List API keys, newest first' })
    .input(ListApiKeysInput)
    .output(ApiKeyPage)
    .query(({ ctx, input }) => ctx.services.apiKeys.list(ctx.scope, input)),
  rotate: workspaceProcedure('apiKey:manage')
    .meta({
      rest: { method: 'POST', path: `${API_KEYS}/{apiKeyId}/rotate` },
      summary: 'Give an API key of your own a new secret',
      errors: [ApiKeyNotFound, ApiKeyOfAnother, ApiKeyNotActive, ApiKeyExpiryInThePast],
    })
    .input(RotateApiKeyInput)
    .output(IssuedApiKey)
    .mutation(({ ctx, input }) => ctx.services.apiKeys.rotate(ctx.scope, input)),
  revoke: workspaceProcedure('apiKey:manage')
    .meta({
      rest: { method: 'DELETE', path: `${API_KEYS}/{apiKeyId}` },
      summary: 'Revoke an API key',
      errors: [ApiKeyNotFound],
    })
    .input(RevokeApiKeyInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.apiKeys.revoke(ctx.scope, input)),
});
