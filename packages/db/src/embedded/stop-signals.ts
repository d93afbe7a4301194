import { EmbeddedPostgresError } from './errors.ts';

/**
 * Fast shutdown first: it ends connections and writes a checkpoint. Immediate is next, safe because the log is replayed
 * at the next start. SIGKILL comes last: its backends end by themselves.
 */
const STEPS = [
  { signal: 'SIGINT', graceMs: 10_000 },
  { signal: 'SIGQUIT', graceMs: 5_000 },
  { signal: 'SIGKILL', graceMs: 5_000 },
] as const;

/** Ends a postmaster within 20 s; throws EmbeddedPostgresError when it outlives even SIGKILL. */
export async function stopWithEscalation(postmaster: {
  send(signal: NodeJS.Signals): void;
  hasEndedWithin(timeoutMs: number): Promise<boolean>;
}): Promise<void> {
  for (const { signal, graceMs } of STEPS) {
    postmaster.send(signal);
    if (await postmaster.hasEndedWithin(graceMs)) return;
  }
  throw new EmbeddedPostgresError('PostgreSQL did not end after SIGKILL.');
}
