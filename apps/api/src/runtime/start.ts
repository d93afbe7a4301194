import { migrate } from '@morket/db/migrations';
import { verifyKeyRing } from '@morket/domain/secrets';
import { repeating } from '@morket/worker/repeating';
import { startWorker } from '@morket/worker/run';
import { compose } from '../compose.ts';
import type { Env } from '../env.ts';
import { createLogger } from '../logger.ts';
import { buildServer } from '../server.ts';
import { metricsServerOf, telemetryOf } from '../telemetry.ts';
import { createAnnouncer } from './announce.ts';
import { configure } from './configuration.ts';
import { saveRuntime } from './data-dir.ts';
import { isExpectedFailure } from './expected-failure.ts';
import { listen } from './listen.ts';
import { startDatabase } from './open-database.ts';
import { seedDemo } from './seed.ts';
import { createShutdown } from './shutdown.ts';

const BILLING_SWEEP_EVERY_MS = 5_000;

/** Brings the process up: database, migrations, keys, demo data, server; in this order, each step announced. */
export async function start(env: Env): Promise<void> {
  const log = createLogger(env);
  const announce = createAnnouncer(env);
  const shutdown = createShutdown({ env, log });
  try {
    const configuration = await configure(env);
    const { paths, secrets, ring } = configuration;

    announce.step(env.DATABASE_URL === undefined ? 'Starting PostgreSQL' : 'Connecting to PostgreSQL');
    const database = await startDatabase({
      env,
      paths,
      secrets,
      onLog: (line) => log.debug({ line }, 'postgres'),
      onUnexpectedExit: (err) => shutdown.fail(err, 'PostgreSQL is gone'),
    });
    shutdown.onStop('database', () => database.stop());

    announce.step('Applying migrations');
    const { applied } = await migrate({ databaseUrl: database.url });
    if (applied.length > 0) log.info({ applied }, 'migrated');

    const telemetry = await telemetryOf(env, log);
    shutdown.onStop('telemetry', () => telemetry.close());
    const composition = compose(configuration, { databaseUrl: database.url, log, telemetry });
    shutdown.onStop('connections', () => composition.close());
    await verifyKeyRing(composition.db, ring);
    const demo = secrets && env.NODE_ENV !== 'production' ? await seedDemo(composition, { paths, secrets }) : null;

    const { services, recharger, formReceiver } = composition;
    const app = await buildServer({ services, recharger, formReceiver, telemetry, env, log });
    if (env.WORKER === 'inline') {
      const worker = startWorker({
        ...{ databaseUrl: database.url, log, configuration, commits: composition.db },
        telemetry: telemetry.telemetry,
      });
      // Registered before the requests, so that it ends after them: what the last ones wrote is delivered.
      shutdown.onStop('worker', worker.stop);
    }
    // Before the port is open: a signal may come with the first request.
    shutdown.onStop('requests', () => app.close());
    const url = await listen(app, env);
    const metrics = await metricsServerOf(env, telemetry, log);
    if (metrics) shutdown.onStop('metrics', () => metrics.close());
    shutdown.onDrain(composition.drain);
    for (const sweep of composition.billingSweeps) {
      shutdown.onStop('billing sweep', repeating('the billing sweep', BILLING_SWEEP_EVERY_MS, sweep, log).start().stop);
    }

    if (env.DATABASE_URL === undefined) {
      await saveRuntime(paths, { databasePort: Number(new URL(database.url).port), url: url.href });
    }
    announce.ready({ url, place: database.place, demo });
  } catch (err) {
    if (isExpectedFailure(err)) process.stderr.write(`${err.message}\n`);
    await shutdown.fail(err, 'the process could not start', isExpectedFailure(err));
  }
}
