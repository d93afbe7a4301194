import type {
  ApiKey,
  CreateApiKeyInput,
  IssuedApiKey,
  RevokeApiKeyInput,
  RotateApiKeyInput,
} from '@morket/contract/api-key';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { WorkspaceScope } from '@morket/domain/access';

export type ApiKeyPort = {
  create(scope: WorkspaceScope, input: CreateApiKeyInput): Promise<IssuedApiKey>;
  list(scope: WorkspaceScope, input: PageInput): Promise<Page<ApiKey>>;
  rotate(scope: WorkspaceScope, input: RotateApiKeyInput): Promise<IssuedApiKey>;
  revoke(scope: WorkspaceScope, input: RevokeApiKeyInput): Promise<null>;
};
