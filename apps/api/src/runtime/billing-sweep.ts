import type { Logger } from 'pino';

const EVERY_MS = 5_000;

/** Does `sweep` every few seconds; a round that is still running is not joined by another. */
export function startBillingSweep(sweep: () => Promise<unknown>, log: Logger) {
  let running: Promise<unknown> | null = null;
  const run = () => {
    running ??= sweep()
      .catch((err: unknown) => log.error({ err }, 'the billing sweep failed'))
      .finally(() => {
        running = null;
      });
  };
  run();
  const timer = setInterval(run, EVERY_MS);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
