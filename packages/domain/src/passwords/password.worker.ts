import bcrypt from 'bcryptjs';

/** One piece of work for a hashing thread. */
export type PasswordJob =
  | { readonly kind: 'hash'; readonly password: string; readonly rounds: number }
  | { readonly kind: 'verify'; readonly password: string; readonly hash: string };

/** Runs in a worker thread: bcrypt at cost 12 would hold the event loop for hundreds of milliseconds. */
export function run(job: PasswordJob): string | boolean {
  return job.kind === 'hash' ? bcrypt.hashSync(job.password, job.rounds) : bcrypt.compareSync(job.password, job.hash);
}
