import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PASSWORD_MAX_BYTES } from '@morket/contract/auth';
import { Unavailable } from '@morket/contract/errors';
import bcrypt from 'bcryptjs';
import { Piscina } from 'piscina';
import type { PasswordJob } from './password.worker.ts';

/** Waiting jobs for each thread; beyond, the answer is 503 at once instead of a queue nobody sees the end of. */
const QUEUE_PER_THREAD = 32;

/** Hashes and verifies passwords in worker threads (bcrypt; `rounds` is its cost). */
export function createPasswords(options: { readonly rounds: number; readonly threads?: number }) {
  const { rounds, threads = availableParallelism() } = options;
  const maxQueue = threads * QUEUE_PER_THREAD;
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./password.worker.ts', import.meta.url)),
    name: 'run',
    minThreads: 0,
    maxThreads: threads,
    maxQueue,
    idleTimeout: 60_000,
  });
  // As dear to compare with as a real one, and nobody's: it makes an unknown address cost what a known one costs.
  const nobodysHash = `$2b$${String(rounds).padStart(2, '0')}$${'.'.repeat(21)}u${'.'.repeat(31)}`;

  async function inPool(job: PasswordJob): Promise<string | boolean> {
    if (pool.queueSize >= maxQueue) throw Unavailable({ retryAfterSeconds: 2 });
    // Piscina types its results as any; the worker gives a string for 'hash' and a boolean for 'verify'.
    return (await pool.run(job)) as string | boolean;
  }

  /** The bcrypt hash of a password of at most 72 bytes. Throws `server.unavailable` when too many wait. */
  async function hash(password: string): Promise<string> {
    return String(await inPool({ kind: 'hash', password, rounds }));
  }

  /** Whether the password belongs to the hash; with `null` (nobody there) it takes as long and is false. */
  async function verify(password: string, stored: string | null): Promise<boolean> {
    // bcrypt would compare the first 72 bytes alone and let a longer password pass; and it repeats a password behind a NUL until
    // it has 72 bytes, so `pw\0pw` would pass for `pw`.
    const impossible = Buffer.byteLength(password, 'utf8') > PASSWORD_MAX_BYTES || password.includes('\0');
    const compared = impossible ? '' : password;
    const matches = (await inPool({ kind: 'verify', password: compared, hash: stored ?? nobodysHash })) === true;
    return matches && !impossible && stored !== null;
  }

  /** Whether the hash was made at a lower cost than today's. */
  const isOutdated = (stored: string): boolean => bcrypt.getRounds(stored) < rounds;

  return { hash, verify, isOutdated, close: () => pool.close() };
}

export type Passwords = ReturnType<typeof createPasswords>;
