import { DataDirLockedError, EmbeddedPostgresError } from '@morket/db/embedded';
import { MigrationError, migrate } from '@morket/db/migrations';
import { KeyRingMismatch, verifyKeyRing } from '@morket/domain/secrets';
import { compose } from '../compose.ts';
import type { Env } from '../env.ts';
import { createLogger } from '../logger.ts';
import { buildServer } from '../server.ts';
import { createAnnouncer } from './announce.ts';
import { startBillingSweep } from './billing-sweep.ts';
import { configure } from './configuration.ts';
import { saveRuntime } from './data-dir.ts';
import { startHousekeeping } from './housekeeping.ts';
import { listen, PortTaken } from './listen.ts';
import { DatabaseOutOfReach, startDatabase } from './open-database.ts';
import { seedDemo } from './seed.ts';
import { createShutdown } from './shutdown.ts';

/** Failures that a person can mend: their message says how, a stack would only hide it. */
const isExpected = (err: unknown): err is Error =>
  err instanceof DataDirLockedError ||
  err instanceof DatabaseOutOfReach ||
  err instanceof EmbeddedPostgresError ||
  err instanceof MigrationError ||
  err instanceof KeyRingMismatch ||
  err instanceof PortTaken;

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

    const composition = compose(configuration, { databaseUrl: database.url, log });
    shutdown.onStop('connections', () => composition.close());
    await verifyKeyRing(composition.db, ring);
    const demo = secrets && env.NODE_ENV !== 'production' ? await seedDemo(composition, secrets.demoPassword) : null;

    const { services, recharger } = composition;
    const app = await buildServer({ services, recharger, env, log });
    // Before the port is open: a signal may come with the first request.
    shutdown.onStop('requests', () => app.close());
    const url = await listen(app, env);
    shutdown.onDrain(composition.drain);
    const housekeeping = startHousekeeping(composition.db, log);
    shutdown.onStop('housekeeping', housekeeping.stop);
    for (const sweep of composition.billingSweeps) shutdown.onStop('billing sweep', startBillingSweep(sweep, log).stop);

    if (env.DATABASE_URL === undefined) {
      await saveRuntime(paths, { databasePort: Number(new URL(database.url).port), url: url.href });
    }
    announce.ready({ url, place: database.place, demo });
  } catch (err) {
    if (isExpected(err)) process.stderr.write(`${err.message}\n`);
    await shutdown.fail(err, 'the process could not start', isExpected(err));
  }
}
