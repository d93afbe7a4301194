import type { Db } from '@morket/db';
import { type Claim, JobLost } from '../job/index.ts';
import * as repo from './run.repo.ts';

/** An attempt under way. */
export type Running = {
  readonly claim: Claim;
  readonly abort: AbortController;
  percent: number | null;
  note: string | null;
};

/** Tells every `everyMs` which attempts live and how far they are, and aborts those that have lost their jobs. One statement for all. */
export function startPulse(options: {
  readonly db: Db;
  readonly everyMs: number;
  readonly running: ReadonlySet<Running>;
  onError(err: unknown): void;
}) {
  const { db, everyMs, running, onError } = options;
  let beating: Promise<void> | null = null;

  async function beat(): Promise<void> {
    const asked = [...running];
    if (asked.length === 0) return;
    const held = await repo.beat(db, asked);
    for (const { claim, abort } of asked) if (!held.has(claim.id)) abort.abort(new JobLost(claim));
  }

  const timer = setInterval(() => {
    beating ??= beat()
      .catch(onError)
      .finally(() => {
        beating = null;
      });
  }, everyMs);

  return {
    stop: async () => {
      clearInterval(timer);
      await beating;
    },
  };
}
