import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { type Finding, fail, ok, warn } from './finding.ts';

const MIB = 1024 ** 2;
const MIN_FREE_BYTES = 200 * MIB;
const GOOD_FREE_BYTES = 1024 * MIB;
const DAY_MS = 86_400_000;

/** Whether the disk below the data directory has room for a database to start and grow. */
export async function checkDisk(dataDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(await nearestExisting(dataDir));
  return judgeFreeSpace(bavail * bsize);
}

/** Below 200 MiB PostgreSQL does not even start; below 1 GiB it soon stops. */
export function judgeFreeSpace(freeBytes: number): Finding {
  const what = `${Math.floor(freeBytes / MIB)} MiB of disk free`;
  if (freeBytes >= GOOD_FREE_BYTES) return ok(what);
  const fix = 'free some space, or set MORKET_DATA_DIR to another disk';
  return freeBytes >= MIN_FREE_BYTES ? warn(what, fix) : fail(what, fix);
}

/** A clock behind the very files of this checkout is wrong, and every token and expiry with it. */
export async function checkClock(root: string, nowMs: number = Date.now()): Promise<Finding> {
  const { mtimeMs } = await stat(path.join(root, 'package.json'));
  return nowMs + DAY_MS > mtimeMs
    ? ok('the clock is plausible')
    : fail(`the clock says ${new Date(nowMs).toISOString()}, before this checkout was made`, 'set it, best by NTP');
}

/** The generated secrets open every stored credential: nobody but their owner may read them. */
export async function checkSecretsFile(dataDir: string): Promise<Finding> {
  const file = path.join(dataDir, 'secrets.json');
  const mode = (await stat(file).catch(() => null))?.mode;
  if (mode === undefined) return ok('no generated secrets yet; the first start makes them');
  return (mode & 0o077) === 0
    ? ok('the secrets file is readable by its owner alone')
    : fail(`${file} is open to others (mode ${(mode & 0o777).toString(8)})`, `chmod 600 ${file}`);
}

async function nearestExisting(place: string): Promise<string> {
  return (await stat(place).catch(() => null)) ? place : nearestExisting(path.dirname(place));
}
