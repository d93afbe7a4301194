import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode } from './errors.ts';

/**
 * The one name of a directory that need not exist yet, so that two spellings of it (symlinks, relative paths) meet in
 * the same lock. Its parent is made.
 */
export async function canonicalPath(directory: string): Promise<string> {
  const path = resolve(directory);
  await mkdir(dirname(path), { recursive: true });
  return realpath(path).catch(async (error: unknown) => {
    if (errorCode(error) === 'ENOENT') return join(await realpath(dirname(path)), basename(path));
    throw error;
  });
}
