import { createDb } from '@morket/db';
import { NO_TELEMETRY, observeConnections, tracedDb } from '@morket/domain/telemetry';
import { composeWorker, type WorkerOptions } from './compose.ts';
import { observeLag } from './telemetry.ts';

export type RunningWorker = {
  /** Resolves when what is under way has been finished or handed back, and the connections are closed. */
  stop(): Promise<void>;
};

/** Starts a worker on connections of its own: what goes on behind requests does not take theirs. */
export function startWorker(options: Omit<WorkerOptions, 'db'>): RunningWorker {
  const { databaseUrl, log, telemetry = NO_TELEMETRY } = options;
  const opened = createDb({
    url: databaseUrl,
    onPoolError: (err) => log.warn({ err }, 'database connection of the worker lost'),
  });
  const db = tracedDb(opened, telemetry);
  observeConnections(db, telemetry);
  observeLag(db.read, telemetry);
  const worker = composeWorker({ ...options, db });
  worker.start();
  return {
    stop: async () => {
      await worker.stop();
      await db.close();
    },
  };
}
