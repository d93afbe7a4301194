import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '@morket/api/compose';
import { type Configuration, configure } from '@morket/api/configuration';
import { parseEnv } from '@morket/api/env';
import { createLogger } from '@morket/api/logger';
import { buildServer, type Server } from '@morket/api/server';
import { telemetryOf } from '@morket/api/telemetry';
import type { PaymentGateway } from '@morket/domain/payment';
import { verifyKeyRing } from '@morket/domain/secrets';
import { composeWorker } from '@morket/worker/compose';
import { afterAll, beforeAll } from 'vitest';
import { createTestDatabase } from './template-database.ts';

type Composition = ReturnType<typeof compose>;

/** The product as it is composed in production, on a database of the test file's own. */
export type World = Pick<
  Composition,
  'db' | 'services' | 'formReceiver' | 'drain' | 'ledger' | 'ledgerAudit' | 'recharger'
> & {
  /** Does once what a process does every few seconds. */
  sweepBilling(): Promise<void>;
  /** Delivers every event that waits to the product's consumers, and what follows from it; resolves when all of it is stored. */
  deliverEvents(): Promise<void>;
  /** Runs every job that is due, as a worker does; resolves when all of them have ended. */
  runJobs(): Promise<void>;
  readonly databaseUrl: string;
  readonly configuration: Configuration;
  /** The HTTP process, not listening: drive it with `app.inject`, or let it listen on a free port. */
  readonly app: Server;
  /** What was logged since the last call, one object a line. */
  takeLogs(): Record<string, unknown>[];
  /** The messages sent to an address, oldest first, once the jobs that are due have run. */
  mailTo(address: string): Promise<string[]>;
  close(): Promise<void>;
};

/** Cheap hashing and no limits: a test that is about one of them sets its own. */
const DEFAULTS = {
  NODE_ENV: 'test',
  BCRYPT_ROUNDS: '4',
  LOG_LEVEL: 'info',
  RATE_LIMIT_AUTH_PER_MINUTE: '0',
  RATE_LIMIT_PER_MINUTE: '0',
  RATE_LIMIT_USER_PER_MINUTE: '0',
  SHUTDOWN_DELAY_MS: '0',
};

export type WorldOptions = {
  /** Environment variables that matter to the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another world's database, to run two processes' worth of the product on one. */
  readonly databaseUrl?: string;
  /** In place of the simulated payment provider that a world has of its own. */
  readonly gateway?: PaymentGateway;
  /** Stands between the product and the driver of its database; see `faulty-adapter.ts`. */
  readonly wrapAdapter?: NonNullable<Parameters<typeof compose>[1]['wrapAdapter']>;
};

/** Builds the product; the caller closes it. Two worlds on one database share secrets, as two processes would. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const own = options.databaseUrl === undefined ? await createTestDatabase() : null;
  const databaseUrl = options.databaseUrl ?? own?.url ?? '';
  const dataDir = await mkdtemp(join(tmpdir(), 'morket-world-'));
  const env = parseEnv({
    ...DEFAULTS,
    JWT_SECRET: 'a secret of the tests that every world shares',
    ENCRYPTION_MASTER_KEY: '42'.repeat(32),
    MORKET_DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    ...options.env,
  });
  if ('problems' in env) throw new Error(env.problems.join('\n'));
  const lines: string[] = [];
  const log = createLogger(env, { write: (line) => void lines.push(line) });
  const configuration = await configure(env);
  const { gateway, wrapAdapter } = options;
  const telemetry = await telemetryOf(env, log);
  const composition = compose(configuration, {
    ...{ databaseUrl, log, telemetry },
    ...(gateway && { gateway }),
    ...(wrapAdapter && { wrapAdapter }),
  });
  await verifyKeyRing(composition.db, configuration.ring);
  const app = await buildServer({ ...composition, env, log });
  await app.ready();

  const aWorker = () =>
    composeWorker({ db: composition.db, databaseUrl, log, configuration, telemetry: telemetry.telemetry });

  /** One after the other: who finds nothing to do must not come back before what another one has begun is done. */
  let jobs: Promise<void> = Promise.resolve();
  function runJobs(): Promise<void> {
    const mine = jobs.then(() => aWorker().runJobs());
    jobs = mine.catch(() => undefined);
    return mine;
  }

  async function mailTo(address: string): Promise<string[]> {
    await runJobs();
    const directory = configuration.paths.mail;
    const names = await readdir(directory).catch(() => []);
    const messages = await Promise.all(names.toSorted().map((name) => readFile(join(directory, name), 'utf8')));
    return messages.filter((message) => message.startsWith(`To: ${address}\n`));
  }

  async function close(): Promise<void> {
    await app.close();
    await composition.close();
    await telemetry.close();
    await own?.drop();
    await rm(dataDir, { recursive: true, force: true });
  }

  return {
    db: composition.db,
    services: composition.services,
    formReceiver: composition.formReceiver,
    drain: composition.drain,
    ledger: composition.ledger,
    ledgerAudit: composition.ledgerAudit,
    recharger: composition.recharger,
    deliverEvents: () => aWorker().drain(),
    runJobs,
    sweepBilling: async () => {
      for (const sweep of composition.billingSweeps) await sweep();
    },
    databaseUrl,
    configuration,
    app,
    takeLogs: () => lines.splice(0).map((line) => JSON.parse(line)),
    mailTo,
    close,
  };
}

/** A world for a test file; its members may be read from `beforeAll` on. */
export function useWorld(options: WorldOptions = {}): World {
  let current: World | undefined;
  beforeAll(async () => {
    current = await createWorld(options);
  });
  afterAll(() => current?.close());
  const get = (): World => {
    if (!current) throw new Error('The world exists only inside hooks and tests, not while tests are collected.');
    return current;
  };
  return {
    get db() {
      return get().db;
    },
    get services() {
      return get().services;
    },
    get formReceiver() {
      return get().formReceiver;
    },
    get drain() {
      return get().drain;
    },
    get ledger() {
      return get().ledger;
    },
    get ledgerAudit() {
      return get().ledgerAudit;
    },
    get recharger() {
      return get().recharger;
    },
    get sweepBilling() {
      return get().sweepBilling;
    },
    get deliverEvents() {
      return get().deliverEvents;
    },
    get runJobs() {
      return get().runJobs;
    },
    get databaseUrl() {
      return get().databaseUrl;
    },
    get configuration() {
      return get().configuration;
    },
    get app() {
      return get().app;
    },
    takeLogs: () => get().takeLogs(),
    mailTo: (address) => get().mailTo(address),
    close: () => get().close(),
  };
}

/** Where a request of a test comes from. */
export const anOrigin = () => ({ requestId: randomUUID(), ip: '127.0.0.1', userAgent: 'test' });

/** An ending that makes a name unique within any database. */
export const unique = (): string => randomBytes(6).toString('hex');
