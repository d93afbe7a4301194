import type { Db, Tx } from '@morket/db';
import { holdKeyVersion, type KeyRing } from '../secrets/index.ts';
import { openPair, sealPair } from './sealing.ts';

type SealedRow = {
  readonly id: string;
  readonly workspaceId: string;
  readonly salt: Uint8Array;
  readonly providerName: string;
  readonly sealedKey: Uint8Array;
  readonly sealedSecret: Uint8Array | null;
  readonly keyVersion: number;
};

/** How many sealed rows each key version holds. */
export async function countByKeyVersion(db: Db): Promise<ReadonlyMap<number, number>> {
  const rows = await db.read.apiCredential.groupBy({ by: ['keyVersion'], _count: true });
  return new Map(rows.map((row) => [row.keyVersion, row._count]));
}

/** Rows under an older key, locked; rows another run works on are passed over. */
function lockOutdated(tx: Tx, current: number, batch: number): Promise<SealedRow[]> {
  return tx.$queryRaw<SealedRow[]>`
    select c.id, c.workspace_id as "workspaceId", w.key_salt as salt, c.provider_name as "providerName",
           c.sealed_key as "sealedKey", c.sealed_secret as "sealedSecret", c.key_version as "keyVersion"
      from api_credentials c join workspaces w on w.id = c.workspace_id
     where c.key_version <> ${current}::int
     order by c.id limit ${batch}::int
       for update of c skip locked`;
}

/**
 * Seals up to `batch` credentials anew under the current key and gives their number; 0 means none is left (or another run holds
 * them). Each is opened again before the commit, so a crash or a fault leaves the old envelope.
 */
export function rewrapBatch(db: Db, ring: KeyRing, batch: number): Promise<number> {
  // no record: the secret stays what it was; only its envelope is new.
  return db.transaction(async (tx) => {
    await holdKeyVersion(tx, ring.current);
    const rows = await lockOutdated(tx, ring.current, batch);
    for (const row of rows) {
      const pair = openPair(ring, row, row);
      const sealed = sealPair(ring, row, pair);
      const reopened = openPair(ring, row, sealed);
      if (reopened.key !== pair.key || reopened.secret !== pair.secret) throw new Error(`Rewrapping ${row.id} failed.`);
      const { sealedKey, sealedSecret, keyVersion } = sealed;
      await tx.apiCredential.update({ where: { id: row.id }, data: { sealedKey, sealedSecret, keyVersion } });
    }
    return rows.length;
  });
}
