import { configure } from '@morket/api/configuration';
import { loadEnv } from '@morket/api/env';
import { isExpectedFailure } from '@morket/api/expected-failure';
import { createLogger } from '@morket/api/logger';
import { openDatabase } from '@morket/api/open-database';
import { createShutdown } from '@morket/api/shutdown';
import { metricsServerOf, telemetryOf } from '@morket/api/telemetry';
import { createDb } from '@morket/db';
import { migrate } from '@morket/db/migrations';
import { type KeyRing, verifyKeyRing } from '@morket/domain/secrets';
import { startWorker } from './run.ts';

/** The worker as a process of its own, on `DATABASE_URL` or on the embedded database of the data directory. */
const env = loadEnv();
const log = createLogger(env);
// No traffic is sent here, so nobody has to notice first.
const shutdown = createShutdown({ env: { ...env, SHUTDOWN_DELAY_MS: 0 }, log });
try {
  const configuration = await configure(env);
  const { paths, secrets } = configuration;
  const database = await openDatabase({
    ...{ env, paths, secrets },
    onLog: (line) => log.debug({ line }, 'postgres'),
    onUnexpectedExit: (err) => shutdown.fail(err, 'PostgreSQL is gone'),
  });
  shutdown.onStop('database', () => database.stop());
  await migrate({ databaseUrl: database.url });
  await assertKeys(database.url, configuration.ring);
  const running = await telemetryOf(env, log);
  shutdown.onStop('telemetry', () => running.close());
  const metrics = await metricsServerOf(env, running, log);
  if (metrics) shutdown.onStop('metrics', () => metrics.close());
  const worker = startWorker({ databaseUrl: database.url, log, configuration, telemetry: running.telemetry });
  shutdown.onStop('worker', worker.stop);
  log.info({ database: database.place }, 'the worker is running');
} catch (err) {
  if (isExpectedFailure(err)) process.stderr.write(`${err.message}\n`);
  await shutdown.fail(err, 'the worker could not start', isExpectedFailure(err));
}

/** Throws `KeyRingMismatch` before anything is taken up that this process could not open. */
async function assertKeys(url: string, ring: KeyRing): Promise<void> {
  const db = createDb({ url, poolSize: 1 });
  await verifyKeyRing(db, ring).finally(() => db.close());
}
