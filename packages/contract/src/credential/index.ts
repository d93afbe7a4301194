export { CredentialNotFound } from './credential.errors.ts';
export { CredentialDeleted, CredentialRotated, CredentialStored } from './credential.events.ts';
export {
  Credential,
  CredentialPage,
  DeleteCredentialInput,
  ListCredentialsInput,
  RotateCredentialInput,
  StoreCredentialInput,
} from './credential.schema.ts';
