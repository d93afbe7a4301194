import type { Db } from '@morket/db';
import { sweep } from '@morket/domain/housekeeping';
import type { Logger } from 'pino';

const EVERY_MS = 60 * 60 * 1_000;

/** Removes what has expired, at the start and every hour. Any number of processes may do it at once. */
export function startHousekeeping(db: Db, log: Logger) {
  let running: Promise<void> = Promise.resolve();
  const run = () => {
    running = sweep(db).then(
      (removed) => log.debug(removed, 'housekeeping'),
      (err: unknown) => log.error({ err }, 'housekeeping failed'),
    );
  };
  run();
  const timer = setInterval(run, EVERY_MS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      return running;
    },
  };
}
