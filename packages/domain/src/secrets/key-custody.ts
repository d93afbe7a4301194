import { Unavailable } from '@morket/contract/errors';
import type { Db, Tx } from '@morket/db';
import { checkValueOf, type KeyRing } from './key-ring.ts';

/** By when an operator who retired a key has restarted the processes that still hold it. */
const RESTART_SECONDS = 60;

/** A key that this database needs is missing or another one; `versions` names it. */
export class KeyRingMismatch extends Error {
  readonly versions: readonly number[];
  constructor(message: string, versions: readonly number[]) {
    super(message);
    this.name = 'KeyRingMismatch';
    this.versions = versions;
  }
}

/**
 * Compares the key ring with the check values this database keeps, and notes versions it has not seen. Throws
 * `KeyRingMismatch` naming the key ids: starting with a wrong key would write secrets nobody can read later.
 */
export async function verifyKeyRing(db: Db, ring: KeyRing): Promise<void> {
  // no record: check values describe the installation, not anything a person did.
  await db.transaction(async (tx) => {
    await tx.$executeRaw`lock table encryption_keys in share row exclusive mode`;
    const known = await tx.encryptionKey.findMany();
    const missing = known.filter((row) => !row.retiredAt && !ring.versions.has(row.version)).map((row) => row.version);
    if (missing.length > 0) {
      throw new KeyRingMismatch(`this database uses encryption key ${missing.join(', ')}, which is not given`, missing);
    }
    for (const [version, key] of ring.versions) {
      const row = known.find((candidate) => candidate.version === version);
      const checkValue = new Uint8Array(checkValueOf(key));
      // An older version that is still listed does no harm; sealing new secrets under it would.
      if (row?.retiredAt && version === ring.current) {
        throw new KeyRingMismatch(`encryption key ${version} has been retired and cannot be the current one`, [
          version,
        ]);
      }
      if (row && !Buffer.from(row.checkValue).equals(checkValue)) {
        throw new KeyRingMismatch(`encryption key ${version} is not the one this database was written with`, [version]);
      }
      if (!row) await tx.encryptionKey.create({ data: { version, checkValue } });
    }
  });
}

/** Every version this database has seen, oldest first. */
export function listKeyVersions(db: Db): Promise<{ version: number; retiredAt: Date | null }[]> {
  return db.read.encryptionKey.findMany({ select: { version: true, retiredAt: true }, orderBy: { version: 'asc' } });
}

/** Behind this lock the version cannot be retired. Throws `server.unavailable` when it has been: this process must be restarted. */
export async function holdKeyVersion(tx: Tx, version: number): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    select 1 from encryption_keys where version = ${version}::int and retired_at is null for share`;
  if (rows.length > 0) return;
  const cause = new KeyRingMismatch(`encryption key ${version} has been retired`, [version]);
  throw Unavailable({ retryAfterSeconds: RESTART_SECONDS }, cause);
}

/** Gives a version up for good. Throws `KeyRingMismatch` when it is unknown or a secret still needs it. */
export async function retireKey(db: Db, version: number): Promise<void> {
  // no record: it describes the installation, not anything a person did.
  await db.transaction(async (tx) => {
    // Writers hold a share lock on this row until they commit, so the count behind it is final.
    const rows = await tx.$queryRaw<unknown[]>`
      select 1 from encryption_keys where version = ${version}::int and retired_at is null for update`;
    if (rows.length === 0) throw new KeyRingMismatch(`there is no encryption key ${version} to retire`, [version]);
    const credentials = await tx.apiCredential.count({ where: { keyVersion: version } });
    const signing = { deletedAt: null, OR: [{ keyVersion: version }, { previousKeyVersion: version }] };
    const inUse = credentials + (await tx.webhookEndpoint.count({ where: signing }));
    if (inUse > 0)
      throw new KeyRingMismatch(`encryption key ${version} still seals ${inUse} secrets: rewrap first`, [version]);
    await tx.encryptionKey.update({ where: { version }, data: { retiredAt: new Date() } });
  });
}
