import type { Logger } from 'pino';
import type { Loop } from './loop.ts';

/**
 * Does `work` at the start and every `everyMs` after; a round that is still going on is not joined by another. The signal fires when the loop
 * is to stop: a round of many parts ends after the one it is at.
 */
export const repeating = (
  name: string,
  everyMs: number,
  work: (signal: AbortSignal) => Promise<unknown>,
  log: Logger,
): Loop => ({
  name,
  start: () => {
    const stopping = new AbortController();
    let running: Promise<unknown> | null = null;
    const run = () => {
      running ??= work(stopping.signal)
        .catch((err: unknown) => log.error({ err }, `${name} failed`))
        .finally(() => {
          running = null;
        });
    };
    run();
    const timer = setInterval(run, everyMs);
    return {
      stop: async () => {
        clearInterval(timer);
        stopping.abort();
        await running;
      },
    };
  },
});
