import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

type Identity = { readonly uid: number; readonly gid: number };

/**
 * The outermost directory on the way to `path` (itself included) that this user may not pass, or null when all are
 * open. Judged by mode bits alone: access lists are not read.
 */
export async function findClosedDirectory(path: string, user: Identity): Promise<string | null> {
  const directories: string[] = [];
  for (let current = await realpath(path); ; current = dirname(current)) {
    directories.unshift(current);
    if (dirname(current) === current) break;
  }
  for (const directory of directories) {
    if (!maySearch(await stat(directory), user)) return directory;
  }
  return null;
}

/** The class that matches first decides, as in the kernel: an owner without the bit is refused even where all others pass. */
function maySearch(directory: { mode: number; uid: number; gid: number }, user: Identity): boolean {
  if (directory.uid === user.uid) return (directory.mode & 0o100) !== 0;
  if (directory.gid === user.gid) return (directory.mode & 0o010) !== 0;
  return (directory.mode & 0o001) !== 0;
}
