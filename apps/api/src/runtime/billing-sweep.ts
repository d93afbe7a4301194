import type { Logger } from 'pino';

const EVERY_MS = 5_000;

/** Books what expires and works on recharges that wait, every few seconds; a round that is still running is not joined by another. */
export function startBillingSweep(sweep: () => Promise<void>, log: Logger) {
  let running: Promise<void> | null = null;
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
