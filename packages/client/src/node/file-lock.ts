import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;
const HEARTBEAT_MS = 500;
/** After so long without a sign of life the owner has crashed, or sleeps. */
const ABANDONED_MS = 3_000;

/**
 * Runs `work` while no other process holds the lock `file`. A lock whose owner shows no life for three seconds is taken
 * over, so in rare cases two owners run at once: use it to spare work, not to keep data whole.
 */
export async function withFileLock<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const owner = randomUUID();
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  while (!(await take(file, owner))) {
    if (await isAbandoned(file)) await rm(file, { force: true });
    else await sleep(POLL_MS);
  }
  const heartbeat = setInterval(() => void touch(file), HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await contentOf(file)) === owner) await rm(file, { force: true });
  }
}

async function take(file: string, owner: string): Promise<boolean> {
  try {
    await writeFile(file, owner, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'EEXIST') return false;
    throw err;
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > ABANDONED_MS;
}

/** The lock may have been taken over and removed; then there is nothing to keep alive. */
const touch = (file: string): Promise<void> => utimes(file, new Date(), new Date()).catch(() => undefined);

const contentOf = (file: string): Promise<string | null> => readFile(file, 'utf8').catch(() => null);
