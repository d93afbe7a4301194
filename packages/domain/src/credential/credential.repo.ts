import type { Credential } from '@morket/contract/credential';
import { Forbidden } from '@morket/contract/errors';
import type { Reader, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';

export type CredentialRow = {
  readonly id: string;
  readonly workspaceId: string;
  readonly providerName: string;
  readonly maskedKey: string;
  readonly sealedKey: Uint8Array;
  readonly sealedSecret: Uint8Array | null;
  readonly keyVersion: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly rotatedAt: Date | null;
};

/** The envelope columns of one credential. */
export type Sealed = {
  readonly sealedKey: Uint8Array<ArrayBuffer>;
  readonly sealedSecret: Uint8Array<ArrayBuffer> | null;
  readonly keyVersion: number;
};

export const toCredentialDto = (row: Omit<CredentialRow, 'sealedKey' | 'keyVersion'>): Credential => ({
  id: row.id,
  workspaceId: row.workspaceId,
  providerName: row.providerName,
  maskedKey: row.maskedKey,
  hasSecret: row.sealedSecret !== null,
  createdBy: row.createdBy,
  createdAt: row.createdAt,
  rotatedAt: row.rotatedAt,
});

/**
 * The salt from which the keys of this workspace are derived; the workspace cannot be deleted before the transaction ends. Throws
 * `access.forbidden` when it has been.
 */
export async function holdKeySalt(tx: Tx, scope: WorkspaceScope): Promise<Uint8Array> {
  const [row] = await tx.$queryRaw<{ keySalt: Uint8Array }[]>`
    select key_salt as "keySalt" from workspaces
     where id = ${scope.workspaceId}::uuid and deleted_at is null for share`;
  if (!row) throw Forbidden({});
  return row.keySalt;
}

export function insertCredential(
  tx: Tx,
  scope: WorkspaceScope,
  credential: Sealed & { readonly id: string; readonly providerName: string; readonly maskedKey: string },
) {
  const { id, providerName, maskedKey, sealedKey, sealedSecret, keyVersion } = credential;
  return tx.apiCredential.create({
    data: {
      id,
      workspaceId: scope.workspaceId,
      providerName,
      maskedKey,
      sealedKey,
      sealedSecret,
      keyVersion,
      createdBy: scope.actorId,
    },
  });
}

/** Credentials, newest first. */
export async function listCredentials(
  reader: Reader,
  scope: WorkspaceScope,
  { page, limit }: { readonly page: number; readonly limit: number },
) {
  const where = { workspaceId: scope.workspaceId };
  const [rows, total] = await Promise.all([
    reader.apiCredential.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.apiCredential.count({ where }),
  ]);
  return { items: rows.map(toCredentialDto), total };
}

/** Locks one credential of the workspace; null: there is none. */
export async function lockCredential(tx: Tx, scope: WorkspaceScope, id: string): Promise<CredentialRow | null> {
  const rows = await tx.$queryRaw`
    select id from api_credentials where workspace_id = ${scope.workspaceId}::uuid and id = ${id}::uuid for update`;
  if (!Array.isArray(rows) || rows.length === 0) return null;
  return tx.apiCredential.findUnique({ where: { workspaceId_id: { workspaceId: scope.workspaceId, id } } });
}

export function replaceKeys(
  tx: Tx,
  scope: WorkspaceScope,
  id: string,
  sealed: Sealed & { readonly maskedKey: string },
) {
  const { sealedKey, sealedSecret, keyVersion, maskedKey } = sealed;
  return tx.apiCredential.update({
    where: { workspaceId_id: { workspaceId: scope.workspaceId, id } },
    data: { sealedKey, sealedSecret, keyVersion, maskedKey, rotatedAt: new Date() },
  });
}

export async function deleteCredential(tx: Tx, scope: WorkspaceScope, id: string): Promise<void> {
  await tx.apiCredential.delete({ where: { workspaceId_id: { workspaceId: scope.workspaceId, id } } });
}
