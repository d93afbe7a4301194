import { randomUUID } from 'node:crypto';
import type { PlanType } from '@morket/contract/billing';
import { createDb, type Db } from '@morket/db';
import { useTestDatabase, withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll, vi } from 'vitest';
import { newId } from '../src/ids/index.ts';

type Client = Parameters<Parameters<typeof withClient>[1]>[0];

/** Tries until it holds: transactions of other tests on the same server hold the fence back, too. */
export const eventually = (holds: () => Promise<void>): Promise<void> =>
  vi.waitFor(holds, { timeout: 20_000, interval: 50 });

/** Opens so many connections for the time of `work`. */
export function withClients<T>(
  url: string,
  count: number,
  work: (clients: readonly Client[]) => Promise<T>,
): Promise<T> {
  return count === 0
    ? work([])
    : withClient(url, (client) => withClients(url, count - 1, (others) => work([client, ...others])));
}

export type AuditLab = {
  readonly db: Db;
  readonly url: string;
  aWorkspace(planType?: PlanType): Promise<string>;
  /** Entries of one workspace, each committed by itself; their ids in that order. */
  write(workspaceId: string, count: number, createdAt?: Date): Promise<string[]>;
  /** The ids of the linked entries, in the order of the chain. */
  linked(workspaceId: string): Promise<string[]>;
  entriesOf(workspaceId: string): Promise<string[]>;
  /** What a superuser with bad intentions does: no trigger is in the way. Fails unless exactly `rows` rows are touched. */
  tamper(statement: string, values: readonly unknown[], rows?: number): Promise<void>;
};

/** Writes an entry, in whatever transaction `client` is in. */
export async function insertEntry(client: Client, workspaceId: string, createdAt: Date = new Date()): Promise<string> {
  const id = newId();
  await client.query(
    `insert into audit_log (id, workspace_id, actor_id, action, entity_type, entity_id, changes, request_id, created_at)
     values ($1, $2, $3, 'thing.changed', 'thing', $4, '{"before": {"a": 1}, "after": {"a": 2}}', $3, $5)`,
    [id, workspaceId, randomUUID(), `thing-${id}`, createdAt],
  );
  return id;
}

/** A database with workspaces and audit entries, and nothing of the product around them. */
export function useAuditLab(): AuditLab {
  const database = useTestDatabase();
  let db: Db | undefined;
  beforeAll(() => {
    db = createDb({ url: database.url });
  });
  afterAll(() => db?.close());
  const open = (): Db => {
    if (!db) throw new Error('The lab is open only inside hooks and tests.');
    return db;
  };
  const ids = async (rows: Promise<{ id: string }[]>) => (await rows).map(({ id }) => id);

  return {
    get db() {
      return open();
    },
    get url() {
      return database.url;
    },
    async aWorkspace(planType = 'free') {
      const id = newId();
      await withClient(database.url, async (client) => {
        await client.query(`insert into workspaces (id, name, slug, key_salt) values ($1, 'Lab', $2, '')`, [id, id]);
        await client.query(
          `insert into billing_accounts (workspace_id, plan_type, cycle_start, cycle_end) values ($1, $2, now(), now() + interval '1 month')`,
          [id, planType],
        );
      });
      return id;
    },
    write: (workspaceId, count, createdAt) =>
      withClient(database.url, async (client) => {
        const written: string[] = [];
        for (let one = 0; one < count; one += 1) written.push(await insertEntry(client, workspaceId, createdAt));
        return written;
      }),
    linked: (workspaceId) =>
      ids(
        open().read
          .$queryRaw`select entry_id::text as id from audit_links where workspace_id = ${workspaceId}::uuid order by seq`,
      ),
    entriesOf: (workspaceId) =>
      ids(
        open().read
          .$queryRaw`select id::text from audit_log where workspace_id = ${workspaceId}::uuid order by txid, id`,
      ),
    tamper: (statement, values, rows = 1) =>
      withClient(database.url, async (client) => {
        await client.query("set session_replication_role = 'replica'");
        const { rowCount } = await client.query(statement, [...values]);
        if (rowCount !== rows) throw new Error(`The tampering touched ${rowCount} rows instead of ${rows}.`);
      }),
  };
}
