import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { compose } from '@morket/api/compose';
import { configure } from '@morket/api/configuration';
import { parseEnv } from '@morket/api/env';
import { createLogger } from '@morket/api/logger';
import { verifyKeyRing } from '@morket/domain/secrets';

/** Shared with the hand-written server, which accepts the product's tokens. */
export const JWT_SECRET = 'a secret that only the benchmarks use';

/** As in production but for limits, which are off, and hashing, which is cheap: neither is what is measured. */
const ENVIRONMENT = {
  BCRYPT_ROUNDS: '4',
  RATE_LIMIT_AUTH_PER_MINUTE: '0',
  RATE_LIMIT_PER_MINUTE: '0',
  RATE_LIMIT_USER_PER_MINUTE: '0',
  JWT_ACCESS_EXPIRY: '12h',
  JWT_SECRET,
  ENCRYPTION_MASTER_KEY: '42'.repeat(32),
};

/** The product, composed as its API process does it, on the database and at the log level that the parent process set. */
export async function composeProduct() {
  const env = parseEnv({
    ...ENVIRONMENT,
    MORKET_DATA_DIR: await mkdtemp(join(process.env.MORKET_BENCH_DIR ?? '', 'product-')),
    DATABASE_URL: process.env.DATABASE_URL,
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
  });
  if ('problems' in env) throw new Error(env.problems.join('\n'));
  const log = createLogger(env);
  const configuration = await configure(env);
  const composition = compose(configuration, { databaseUrl: process.env.DATABASE_URL ?? '', log });
  await verifyKeyRing(composition.db, configuration.ring);
  return { env, log, ...composition };
}

export type Product = Awaited<ReturnType<typeof composeProduct>>;
