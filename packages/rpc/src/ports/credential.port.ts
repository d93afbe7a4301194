import type {
  Credential,
  DeleteCredentialInput,
  RotateCredentialInput,
  StoreCredentialInput,
} from '@morket/contract/credential';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { WorkspaceScope } from '@morket/domain/access';

export type CredentialPort = {
  store(scope: WorkspaceScope, input: StoreCredentialInput): Promise<Credential>;
  list(scope: WorkspaceScope, input: PageInput): Promise<Page<Credential>>;
  rotate(scope: WorkspaceScope, input: RotateCredentialInput): Promise<Credential>;
  delete(scope: WorkspaceScope, input: DeleteCredentialInput): Promise<null>;
};
