import { createHash, randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { canonicalPath } from './canonical-path.ts';
import { DataDirLockedError, errorCode } from './errors.ts';
import { isSameProcess, processIdentity } from './process-identity.ts';

export type DataDirLock = { release(): Promise<void> };

type Holder = { readonly pid: number; readonly identity: string; readonly nonce: string };

/**
 * Takes `<dataDir>.lock` for this process; a lock whose holder is gone (kill -9, reboot, reused pid) is taken over.
 * Not reentrant. Throws DataDirLockedError while the holder lives.
 */
export async function acquireDataDirLock(dataDir: string): Promise<DataDirLock> {
  const path = `${await canonicalPath(dataDir)}.lock`;
  const own: Holder = {
    pid: process.pid,
    identity: (await processIdentity(process.pid)) ?? 'unknown',
    nonce: randomUUID(),
  };
  const draft = `${path}.${own.nonce}.draft`;
  await writeFile(draft, JSON.stringify(own), { flag: 'wx' });
  try {
    while (!(await tryAcquire(path, draft, dataDir)));
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async release() {
      if ((await readHolder(path))?.nonce === own.nonce) await rm(path, { force: true });
    },
  };
}

/**
 * One attempt; false means that the lock changed hands meanwhile and the attempt must be repeated.
 *
 * Deleting a dead holder's file is not safe: of two processes that both saw it dead, the slower one would delete the
 * faster one's fresh lock. Instead, the place of holder H belongs to whoever creates `<lock>.<nonce of H>`, which only
 * one can. The last living link of that chain holds the lock; it then moves itself to the front and removes the chain,
 * and whoever walked the old chain sees by the changed front that its own link counts for nothing.
 */
async function tryAcquire(path: string, draft: string, dataDir: string): Promise<boolean> {
  if (await linkIfFree(draft, path)) return true;
  const front = await readHolder(path);
  const chain: string[] = [];
  for (let holder = front; holder !== null; ) {
    if (await isSameProcess(holder.pid, holder.identity)) throw new DataDirLockedError(dataDir, holder.pid);
    const place = `${path}.${holder.nonce}`;
    chain.push(place);
    if (!(await linkIfFree(draft, place))) {
      holder = await readHolder(place);
      continue;
    }
    if ((await readHolder(path))?.nonce !== front?.nonce) {
      await rm(place, { force: true });
      return false;
    }
    await rename(draft, path);
    await Promise.all(chain.map((file) => rm(file, { force: true })));
    return true;
  }
  return false;
}

/** Links rather than writes: the file appears with its content, never empty. */
async function linkIfFree(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : parseHolder(text);
}

/** A file damaged by a power cut names a holder that cannot be running, so that it is taken over like any dead one. */
function parseHolder(text: string): Holder {
  const damaged = {
    pid: 2 ** 31 - 1,
    identity: '',
    nonce: createHash('sha256').update(text).digest('hex').slice(0, 16),
  };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return damaged;
    const { pid, identity, nonce } = value as Record<string, unknown>; // each field is checked on the next line
    const valid =
      Number.isSafeInteger(pid) && Number(pid) > 0 && typeof identity === 'string' && typeof nonce === 'string';
    return valid ? { pid: Number(pid), identity, nonce } : damaged;
  } catch {
    return damaged;
  }
}
