import {
  Credential,
  CredentialNotFound,
  CredentialPage,
  DeleteCredentialInput,
  ListCredentialsInput,
  RotateCredentialInput,
  StoreCredentialInput,
} from '@morket/contract/credential';
import { Done } from '@morket/contract/primitives';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

export const credentialRouter = t.router({
  store: workspaceProcedure('credential:manage')
    .meta({
      rest: { method: 'POST', path: '/workspaces/{workspaceId}/credentials', status: 201 },
      summary: 'Store the key of a provider',
    })
    .input(StoreCredentialInput)
    .output(Credential)
    .mutation(({ ctx, input }) => ctx.services.credentials.store(ctx.scope, input)),
  list: workspaceProcedure('credential:read')
    .meta({
      rest: { method: 'GET', path: '/workspaces/{workspaceId}/credentials' },
      summary: 'List credentials, masked',
    })
    .input(ListCredentialsInput)
    .output(CredentialPage)
    .query(({ ctx, input }) => ctx.services.credentials.list(ctx.scope, input)),
  rotate: workspaceProcedure('credential:manage')
    .meta({
      rest: { method: 'POST', path: '/workspaces/{workspaceId}/credentials/{credentialId}/rotate' },
      summary: 'Replace key and secret of a credential',
      errors: [CredentialNotFound],
    })
    .input(RotateCredentialInput)
    .output(Credential)
    .mutation(({ ctx, input }) => ctx.services.credentials.rotate(ctx.scope, input)),
  delete: workspaceProcedure('credential:manage')
    .meta({
      rest: { method: 'DELETE', path: '/workspaces/{workspaceId}/credentials/{credentialId}' },
      summary: 'Delete a credential',
      errors: [CredentialNotFound],
    })
    .input(DeleteCredentialInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.credentials.delete(ctx.scope, input)),
});
