import type { Db, Tx } from '@morket/db';
import { holdKeyVersion, type KeyRing } from '../secrets/index.ts';
import { openSecret, sealSecret } from './signing.ts';

type SealedRow = {
  readonly workspaceId: string;
  readonly endpointId: string;
  readonly salt: Uint8Array;
  readonly sealedSecret: Uint8Array;
  readonly keyVersion: number;
  readonly sealedPrevious: Uint8Array | null;
  readonly previousKeyVersion: number | null;
};

/** How many signing secrets each key version seals. */
export async function countWebhookSecretsByKeyVersion(db: Db): Promise<ReadonlyMap<number, number>> {
  const rows = await db.read.$queryRaw<{ version: number; count: number }[]>`
    select version, count(*)::int as count
      from webhook_endpoints cross join lateral (
        values (key_version, sealed_secret), (previous_key_version, sealed_previous)) as one (version, sealed)
     where sealed is not null group by version`;
  return new Map(rows.map(({ version, count }) => [version, count]));
}

/** Endpoints with a secret under an older key, locked; those another run works on are passed over. */
const lockOutdated = (tx: Tx, current: number, batch: number) => tx.$queryRaw<SealedRow[]>`
  select e.workspace_id as "workspaceId", e.id as "endpointId", w.key_salt as salt,
         e.sealed_secret as "sealedSecret", e.key_version as "keyVersion",
         e.sealed_previous as "sealedPrevious", e.previous_key_version as "previousKeyVersion"
    from webhook_endpoints e join workspaces w on w.id = e.workspace_id
   where e.deleted_at is null and (e.key_version <> ${current}::int or e.previous_key_version <> ${current}::int)
   order by e.workspace_id, e.id limit ${batch}::int
     for no key update of e skip locked`;

/** The same secret under the current key; opened again at once, so that a fault leaves the old envelope. */
function sealAnew(ring: KeyRing, row: SealedRow, sealed: Uint8Array, keyVersion: number): Uint8Array<ArrayBuffer> {
  const secret = openSecret(ring, row, { sealed, keyVersion });
  const anew = sealSecret(ring, row, secret);
  if (openSecret(ring, row, anew) !== secret) throw new Error(`Rewrapping ${row.endpointId} failed.`);
  return anew.sealed;
}

/** Seals the signing secrets of up to `batch` endpoints anew under the current key and gives the number of endpoints. */
export function rewrapWebhookSecrets(db: Db, ring: KeyRing, batch: number): Promise<number> {
  // no record: the secret stays what it was; only its envelope is new.
  return db.transaction(async (tx) => {
    await holdKeyVersion(tx, ring.current);
    const rows = await lockOutdated(tx, ring.current, batch);
    for (const row of rows) {
      const { workspaceId, endpointId: id, sealedPrevious, previousKeyVersion } = row;
      const sealedSecret = sealAnew(ring, row, row.sealedSecret, row.keyVersion);
      const previous =
        sealedPrevious !== null && previousKeyVersion !== null
          ? {
              sealedPrevious: sealAnew(ring, row, sealedPrevious, previousKeyVersion),
              previousKeyVersion: ring.current,
            }
          : {};
      await tx.webhookEndpoint.update({
        where: { workspaceId_id: { workspaceId, id } },
        data: { sealedSecret, keyVersion: ring.current, ...previous },
      });
    }
    return rows.length;
  });
}
