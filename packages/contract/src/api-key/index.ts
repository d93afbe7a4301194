export {
  ApiKeyExpiryInThePast,
  ApiKeyNotActive,
  ApiKeyNotFound,
  ApiKeyOfAnother,
  ApiKeyScopeTooWide,
} from './api-key.errors.ts';
export { ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated } from './api-key.events.ts';
export {
  ApiKey,
  ApiKeyPage,
  ApiKeyScope,
  ApiKeyState,
  CreateApiKeyInput,
  IssuedApiKey,
  ListApiKeysInput,
  MAX_GRACE_SECONDS,
  RevokeApiKeyInput,
  RotateApiKeyInput,
} from './api-key.schema.ts';
