import {
  type Credential,
  CredentialDeleted,
  CredentialNotFound,
  CredentialRotated,
  CredentialStored,
  type DeleteCredentialInput,
  type RotateCredentialInput,
  type StoreCredentialInput,
} from '@morket/contract/credential';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { record } from '../record/index.ts';
import { holdKeyVersion, type KeyRing } from '../secrets/index.ts';
import * as repo from './credential.repo.ts';
import { maskKey } from './mask.model.ts';
import { sealPair } from './sealing.ts';

/** Provider keys of a workspace: written, never read back. */
export function createCredentialService({ db, ring }: { readonly db: Db; readonly ring: KeyRing }) {
  async function store(scope: WorkspaceScope, input: StoreCredentialInput): Promise<Credential> {
    const { providerName, key, secret = null } = input;
    const id = newId();
    const maskedKey = maskKey(key);
    return once(db, scope, async (tx) => {
      const salt = await repo.holdKeySalt(tx, scope);
      await holdKeyVersion(tx, ring.current);
      const sealed = sealPair(ring, { workspaceId: scope.workspaceId, salt, id, providerName }, { key, secret });
      const row = await repo.insertCredential(tx, scope, { id, providerName, maskedKey, ...sealed });
      await record(tx, scope, CredentialStored(id, { providerName, maskedKey }));
      return repo.toCredentialDto(row);
    });
  }

  async function list(scope: WorkspaceScope, input: PageInput): Promise<Page<Credential>> {
    const { items, total } = await repo.listCredentials(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** Replaces key and secret under the same id. Throws `credential.not_found`. */
  async function rotate(scope: WorkspaceScope, input: RotateCredentialInput): Promise<Credential> {
    const { credentialId: id, key, secret = null } = input;
    const maskedKey = maskKey(key);
    return once(db, scope, async (tx) => {
      const salt = await repo.holdKeySalt(tx, scope);
      await holdKeyVersion(tx, ring.current);
      const before = await repo.lockCredential(tx, scope, id);
      if (!before) throw CredentialNotFound({});
      const { providerName } = before;
      const sealed = sealPair(ring, { workspaceId: scope.workspaceId, salt, id, providerName }, { key, secret });
      const row = await repo.replaceKeys(tx, scope, id, { ...sealed, maskedKey });
      await record(tx, scope, CredentialRotated(id, { providerName, maskedKey }), {
        before: { maskedKey: before.maskedKey },
        after: { maskedKey },
      });
      return repo.toCredentialDto(row);
    });
  }

  /** Removes the credential with its sealed bytes. Throws `credential.not_found`. */
  async function remove(scope: WorkspaceScope, { credentialId }: DeleteCredentialInput): Promise<null> {
    return once(db, scope, async (tx) => {
      const row = await repo.lockCredential(tx, scope, credentialId);
      if (!row) throw CredentialNotFound({});
      const { providerName, maskedKey } = row;
      await repo.deleteCredential(tx, scope, credentialId);
      await record(tx, scope, CredentialDeleted(credentialId, { providerName, maskedKey }), {
        before: { providerName, maskedKey },
        after: {},
      });
      return null;
    });
  }

  return { store, list, rotate, delete: remove };
}

export type CredentialService = ReturnType<typeof createCredentialService>;
