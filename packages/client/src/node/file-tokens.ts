import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createQueue, type StoredTokens, type TokenStore } from '../tokens.ts';
import { withFileLock } from './file-lock.ts';

/**
 * Keeps tokens in a file that only its owner can read, for every process of this machine that names the same file: one
 * of them refreshes for all. Throws when the file holds something else.
 */
export function fileTokens(file: string): TokenStore {
  const inThisProcess = createQueue();

  async function get(): Promise<StoredTokens | null> {
    const text = await readFile(file, 'utf8').catch((err: NodeJS.ErrnoException) => {
      if (err.code === 'ENOENT') return null;
      throw err;
    });
    return text === null ? null : parse(text, file);
  }

  async function set(tokens: StoredTokens | null): Promise<void> {
    if (!tokens) return rm(file, { force: true });
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    // Written aside and moved: a reader sees the old tokens or the new ones, and a crash leaves either.
    const aside = `${file}.${randomUUID()}`;
    await writeFile(aside, JSON.stringify(tokens), { mode: 0o600, flag: 'wx' });
    await rename(aside, file);
  }

  return { get, set, exclusive: (work) => inThisProcess(() => withFileLock(`${file}.lock`, work)) };
}

function parse(text: string, file: string): StoredTokens {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'refreshKey' in value) return value as StoredTokens; // written by `set`
  } catch {
    // Reported below, without the text: it may hold half of a token.
  }
  throw new Error(`${file} holds no tokens of Morket. Delete it to sign in anew.`);
}
