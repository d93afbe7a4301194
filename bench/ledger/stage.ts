import pg from 'pg';
import { type Child, startChild } from '../process/child.ts';
import type { ServerHandlers } from '../process/serve-parent.ts';
import { type BenchPostgres, startPostgres } from '../product/postgres.ts';
import type { ProductReady } from '../product/product-server.ts';
import type { Run } from '../run.ts';
import type { ClientHandlers } from './client-process.ts';
import type { CoreHandlers, CoreReady } from './core-process.ts';
import type { PeerHandlers } from './peer-process.ts';
import { findPgbench } from './pgbench.ts';
import { createReference, verifyReference } from './reference.ts';
import { verifyBooks } from './verify-books.ts';

/** Who debits: each in a process of its own, all on one durable PostgreSQL, one after the other. */
export type Stage = {
  readonly postgres: BenchPostgres;
  readonly core: Child<CoreReady, CoreHandlers>;
  readonly peer: Child<null, PeerHandlers>;
  readonly product: Child<ProductReady, ServerHandlers>;
  readonly client: Child<null, ClientHandlers>;
  /** Debits that were answered so far. */
  readonly acknowledged: { hot: number; spread: number; http: number };
  readonly hasPgbench: boolean;
  readonly machine: Readonly<Record<string, string>>;
  /** Writes out what the last load left to be written, so that the next one does not pay for it. */
  settle(): Promise<void>;
  /** Throws unless the books of everybody agree with what was answered. */
  verify(): Promise<void>;
};

const here = (file: string) => new URL(`./${file}`, import.meta.url);

export async function setStage({ cleanUp, say }: Run): Promise<Stage> {
  say('Starting PostgreSQL');
  const postgres = await startPostgres(cleanUp);
  const sql = new pg.Client({ connectionString: postgres.url });
  await sql.connect();
  cleanUp.defer(() => sql.end());
  await createReference(sql);
  const machine = await describe(sql);
  const pgbench = await findPgbench();
  if (pgbench === null) say('There is no pgbench on the path: what stands beside it is skipped.');

  say('Making a thousand workspaces');
  const options = { cleanUp, env: { DATABASE_URL: postgres.url, MORKET_BENCH_DIR: postgres.directory } };
  const core = await startChild<CoreReady, CoreHandlers>(here('core-process.ts'), options);
  const peer = await startChild<null, PeerHandlers>(here('peer-process.ts'), options);
  const product = await startChild<ProductReady, ServerHandlers>(here('../product/product-server.ts'), options);
  const client = await startChild<null, ClientHandlers>(here('client-process.ts'), options);
  await client.ask('signIn', product.ready);

  const acknowledged = { hot: 0, spread: 0, http: 0 };
  return {
    ...{ postgres, core, peer, product, client, acknowledged },
    hasPgbench: pgbench !== null,
    machine: { ...machine, ...(pgbench !== null && { pgbench }) },
    async settle() {
      await sql.query('checkpoint');
    },
    async verify() {
      await verifyBooks(sql, core.ready.hot, acknowledged.hot);
      await verifyBooks(sql, core.ready.spread, acknowledged.spread);
      await verifyBooks(sql, [product.ready.workspaceId], acknowledged.http);
      await verifyReference(sql);
    },
  };
}

/** What durability costs, costs everybody here. Throws when the server would answer before it wrote. */
async function describe(sql: pg.Client): Promise<Record<string, string>> {
  const { rows } = await sql.query<Record<string, string>>(`
    select split_part(version(), ' ', 2) as "PostgreSQL", current_setting('fsync') as fsync,
           current_setting('synchronous_commit') as synchronous_commit, current_setting('shared_buffers') as shared_buffers`);
  const [settings = {}] = rows;
  if (settings.fsync !== 'on' || settings.synchronous_commit !== 'on') throw new Error('This server is not durable.');
  return settings;
}
