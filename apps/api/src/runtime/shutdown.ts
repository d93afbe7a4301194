import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Env } from '../env.ts';

const HARD_LIMIT_MS = 25_000;
const PRODUCTION_DELAY_MS = 5_000;

type Step = { readonly name: string; stop(): Promise<unknown> };

/**
 * Ends the process in order: refuse readiness, wait until load balancers have noticed, then stop what was started, last first
 * (requests before connections before the database). A second signal ends it at once.
 */
export function createShutdown({ env, log }: { readonly env: Env; readonly log: Logger }) {
  const steps: Step[] = [];
  let drain: () => void = () => {};
  let stopping: Promise<void> | null = null;

  async function stop(exitCode: number): Promise<void> {
    drain();
    const limit = setTimeout(() => {
      log.error('shutdown took too long');
      process.exit(1);
    }, HARD_LIMIT_MS);
    limit.unref();
    const noticeMs = env.SHUTDOWN_DELAY_MS ?? (env.NODE_ENV === 'production' ? PRODUCTION_DELAY_MS : 0);
    if (noticeMs > 0 && exitCode === 0) await delay(noticeMs);
    for (const step of steps.toReversed()) {
      await step.stop().catch((err: unknown) => log.error({ err }, `stopping ${step.name} failed`));
    }
    log.info('stopped');
    log.flush(() => process.exit(exitCode));
    // A stream that never drains must not keep the process.
    setTimeout(() => process.exit(exitCode), 500).unref();
  }

  function onSignal(signal: NodeJS.Signals): void {
    if (stopping !== null) process.exit(1);
    log.info({ signal }, 'stopping');
    stopping = stop(0);
  }
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  function fail(err: unknown, message: string, quiet = false): Promise<void> {
    if (!quiet) log.fatal({ err }, message);
    stopping ??= stop(1);
    return stopping;
  }
  process.on('uncaughtException', (err) => void fail(err, 'uncaught exception'));
  process.on('unhandledRejection', (err) => void fail(err, 'unhandled rejection'));

  return {
    onStop: (name: string, stopStep: Step['stop']) => void steps.push({ name, stop: stopStep }),
    onDrain: (work: () => void) => {
      drain = work;
    },
    /** Writes the failure down and ends the process with exit code 1. */
    fail,
  };
}
