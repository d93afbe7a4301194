// @ts-check
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

import { UserError } from './user-error.mjs';

const POLL_MS = 200;
const GIVE_UP_MS = 15 * 60_000;
/** A lock without a pid is one whose owner stands between its two writes, or died there. */
const UNSIGNED_GRACE_MS = 5_000;

/**
 * Runs `work` while no other process holds the lock; a holder that died is replaced.
 *
 * @template T
 * @param {string} lockDir made for the duration; its parent is made and kept
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(lockDir, work) {
  await mkdir(path.dirname(lockDir), { recursive: true }).catch(refuse);
  const giveUpAt = Date.now() + GIVE_UP_MS;
  let announced = false;
  while (!(await tryAcquire(lockDir))) {
    if (await isAbandoned(lockDir)) {
      await evict(lockDir);
      continue;
    }
    if (!announced) {
      console.error('Another Morket command is installing here; waiting for it.');
      announced = true;
    }
    if (Date.now() > giveUpAt)
      throw new UserError(`Still locked after 15 minutes. If nothing runs, delete ${lockDir}.`);
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(lockDir, { recursive: true, force: true });
  }
}

/**
 * @param {unknown} err
 * @returns {never}
 */
function refuse(err) {
  throw new UserError(`This checkout cannot be written to: ${err instanceof Error ? err.message : err}`);
}

/** @param {string} lockDir */
async function tryAcquire(lockDir) {
  try {
    await mkdir(lockDir);
  } catch (err) {
    if (/** @type {NodeJS.ErrnoException} */ (err).code === 'EEXIST') return false;
    refuse(err);
  }
  await writeFile(path.join(lockDir, 'pid'), String(process.pid));
  return true;
}

/** @param {string} lockDir */
async function isAbandoned(lockDir) {
  const pid = await readPid(lockDir);
  if (pid !== null) return !isAlive(pid);
  const made = await stat(lockDir).catch(() => null);
  return made !== null && Date.now() - made.mtimeMs > UNSIGNED_GRACE_MS;
}

/**
 * Moves a dead owner's lock aside. Two waiters may get here at once: the rename lets one of them through, and should
 * it have caught a lock that was taken anew in between, it is put back.
 *
 * @param {string} lockDir
 */
async function evict(lockDir) {
  const aside = `${lockDir}.${process.pid}`;
  try {
    await rename(lockDir, aside);
  } catch {
    return;
  }
  const pid = await readPid(aside);
  if (pid !== null && isAlive(pid)) await rename(aside, lockDir);
  else await rm(aside, { recursive: true, force: true });
}

/** @param {string} lockDir */
async function readPid(lockDir) {
  const text = await readFile(path.join(lockDir, 'pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    // EPERM: it lives and belongs to someone else.
    return /** @type {NodeJS.ErrnoException} */ (err).code === 'EPERM';
  }
}
