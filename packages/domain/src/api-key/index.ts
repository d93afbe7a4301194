export { type ApiKeyService, createApiKeyService } from './api-key.service.ts';
