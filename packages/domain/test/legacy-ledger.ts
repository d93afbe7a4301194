import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '@morket/db/migrations';
import { withClient } from '@morket/testing/template-database';
import { v7 } from 'uuid';

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));
const LEDGER = '20261121120000_ledger';

/** Brings a database to where it stood before there were grants, holds and hashes. */
export async function migrateToBeforeLedger(databaseUrl: string): Promise<void> {
  const earlier = await mkdtemp(join(tmpdir(), 'morket-earlier-'));
  try {
    for (const name of await readdir(MIGRATIONS)) {
      if (name < LEDGER || name.endsWith('.toml'))
        await cp(join(MIGRATIONS, name), join(earlier, name), { recursive: true });
    }
    await migrate({ databaseUrl, migrationsDir: earlier });
  } finally {
    await rm(earlier, { recursive: true });
  }
}

export type LegacyMove = {
  readonly type: 'credit' | 'debit' | 'auto_recharge';
  readonly amount: number;
  readonly description: string;
  readonly referenceId: string | null;
  readonly at: Date;
};
export type LegacyEntry = LegacyMove & { readonly id: string; readonly seq: number; readonly balanceAfter: number };
export type LegacyUser = { readonly id: string; readonly email: string; readonly passwordHash: string };

export async function insertUser(databaseUrl: string, { id, email, passwordHash }: LegacyUser): Promise<void> {
  await withClient(databaseUrl, (client) =>
    client.query(`insert into users (id, email, name, password_hash) values ($1, $2, 'Ada', $3)`, [
      id,
      email,
      passwordHash,
    ]),
  );
}

/** A workspace of this user with the entries these moves made; a move that is not covered makes none. */
export async function insertLedger(
  databaseUrl: string,
  user: LegacyUser,
  moves: readonly LegacyMove[],
): Promise<{ workspaceId: string; entries: LegacyEntry[] }> {
  const workspaceId = v7();
  const entries: LegacyEntry[] = [];
  let balance = 0;
  for (const move of moves) {
    const change = move.type === 'debit' ? -move.amount : move.amount;
    if (balance + change < 0) continue;
    balance += change;
    entries.push({ ...move, amount: change, id: v7(), seq: entries.length + 1, balanceAfter: balance });
  }
  await withClient(databaseUrl, async (client) => {
    await client.query(`insert into workspaces (id, name, slug, key_salt) values ($1, 'Acme', $2, '\\x00')`, [
      workspaceId,
      `acme-${workspaceId}`,
    ]);
    await client.query(`insert into memberships (workspace_id, user_id, role) values ($1, $2, 'owner')`, [
      workspaceId,
      user.id,
    ]);
    await client.query(
      `insert into billing_accounts (workspace_id, balance, seq, cycle_start, cycle_end)
       values ($1, $2, $3, date_trunc('month', now()), date_trunc('month', now()) + interval '1 month')`,
      [workspaceId, balance, entries.length],
    );
    for (const { id, seq, amount, type, description, referenceId, balanceAfter, at } of entries) {
      await client.query(
        `insert into credit_transactions (id, workspace_id, seq, amount, type, description, reference_id, balance_after, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [id, workspaceId, seq, amount, type, description, referenceId, balanceAfter, user.id, at],
      );
    }
  });
  return { workspaceId, entries };
}

/** What the service kept under a key then: which entry it made and the balance behind everything, or why it made none. */
export async function keepLegacyAnswer(
  databaseUrl: string,
  owner: { readonly workspaceId: string; readonly userId: string },
  kept: {
    readonly procedure: 'billing.debit' | 'billing.addCredits';
    readonly key: string;
    readonly input: Readonly<Record<string, unknown>>;
    readonly answer: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { procedure, key, input, answer } = kept;
  const fields = Object.entries(input).sort(([a], [b]) => (a < b ? -1 : 1));
  const fingerprint = createHash('sha256').update(JSON.stringify(fields)).digest();
  await withClient(databaseUrl, (client) =>
    client.query(
      `insert into idempotency_keys (workspace_id, principal_id, procedure, key, fingerprint, answer) values ($1, $2, $3, $4, $5, $6)`,
      [owner.workspaceId, owner.userId, procedure, key, fingerprint, JSON.stringify(answer)],
    ),
  );
}
