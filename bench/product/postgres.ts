import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@morket/db/embedded';
import { migrate } from '@morket/db/migrations';

export type BenchPostgres = {
  readonly url: string;
  readonly port: number;
  readonly password: string;
  /** Goes with the run. */
  readonly directory: string;
};

/** The product's own durable PostgreSQL, set up as the product does it, migrated, in a directory that goes with the run. */
export async function startPostgres(cleanUp: AsyncDisposableStack): Promise<BenchPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'morket-bench-'));
  cleanUp.defer(() => rm(directory, { recursive: true, force: true }));
  // Run by root, PostgreSQL runs as another user, who has to pass through.
  await chmod(directory, 0o711);
  const password = randomBytes(16).toString('hex');
  const server = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres'), password, maxConnections: 100 });
  cleanUp.defer(() => server.stop());
  await migrate({ databaseUrl: server.url });
  return { url: server.url, port: server.port, password, directory };
}
