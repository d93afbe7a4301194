import { rm } from 'node:fs/promises';
import { canonicalPath } from './canonical-path.ts';
import { acquireDataDirLock } from './data-dir-lock.ts';
import { stopOrphan } from './orphan.ts';

/**
 * Deletes a data directory with all that is in it, stopping first a server that a killed process left on it. Throws
 * DataDirLockedError while a live process uses it; a directory that is not there is no error.
 */
export async function deleteDataDir(dataDir: string, onLog: (line: string) => void = () => {}): Promise<void> {
  const path = await canonicalPath(dataDir);
  const lock = await acquireDataDirLock(path);
  try {
    await stopOrphan(path, onLog);
    await rm(path, { recursive: true, force: true });
  } finally {
    await lock.release();
  }
}
