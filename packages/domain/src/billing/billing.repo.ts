import type { BalanceAt, CreditGrant, CreditTransaction } from '@morket/contract/billing';
import { type PointReader, Prisma, type Reader, type Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import type { Books } from './books.model.ts';
import { inBurnOrder } from './grant.model.ts';
import { ACCOUNT_JSON, type AccountJson, GRANT_JSON, type GrantJson, toAccount, toGrant } from './stored-books.ts';
import { toTransactionDto } from './to-dto.ts';

export async function insertAccount(
  tx: Tx,
  workspaceId: string,
  cycle: { readonly start: Date; readonly end: Date },
): Promise<void> {
  await tx.billingAccount.create({ data: { workspaceId, cycleStart: cycle.start, cycleEnd: cycle.end } });
}

/** The account with its open grants, as of one instant; nothing is locked. Overdue holds, which end with the next movement, hold nothing. */
export async function getBooks(points: PointReader, scope: WorkspaceScope): Promise<Books> {
  type BooksJson = { readonly account: AccountJson; readonly grants: readonly GrantJson[]; readonly overdue: number };
  const row = await points.readJson<BooksJson | null>(Prisma.sql`
    select (select json_build_object(
              'account', ${ACCOUNT_JSON},
              'grants', (select coalesce(json_agg(${GRANT_JSON}), '[]') from credit_grants g
                          where g.workspace_id = a.workspace_id and g.is_open),
              'overdue', (select coalesce(sum(h.amount - h.captured), 0) from credit_holds h
                           where h.workspace_id = a.workspace_id and h.state = 'open' and h.expires_at <= clock_timestamp()))
              from billing_accounts a where a.workspace_id = ${scope.workspaceId}::uuid) as json`);
  if (!row) throw new Error('A workspace is created together with its billing account; this one has none.');
  const account = toAccount(row.account);
  return {
    account: { ...account, held: account.held - BigInt(row.overdue) },
    grants: row.grants.map(toGrant).sort(inBurnOrder),
  };
}

/** Waits for the movements under way; those that wait behind it find the account closed. */
export async function closeAccount(tx: Tx, scope: WorkspaceScope): Promise<void> {
  await tx.$executeRaw`
    update billing_accounts set closed_at = clock_timestamp() where workspace_id = ${scope.workspaceId}::uuid`;
}

type Slice = { readonly page: number; readonly limit: number };
const sliceOf = ({ page, limit }: Slice) => ({ skip: (page - 1) * limit, take: limit });

/** The ledger, newest first: `seq` counts in the order in which movements took effect. */
export async function listTransactions(
  reader: Reader,
  scope: WorkspaceScope,
  slice: Slice,
): Promise<{ items: CreditTransaction[]; total: number }> {
  const where = { workspaceId: scope.workspaceId };
  const [rows, total] = await Promise.all([
    reader.creditTransaction.findMany({ where, orderBy: { seq: 'desc' }, ...sliceOf(slice) }),
    reader.creditTransaction.count({ where }),
  ]);
  return { items: rows.map(toTransactionDto), total };
}

/** The open grants in the order in which they will be spent. */
export async function listGrants(
  reader: Reader,
  scope: WorkspaceScope,
  slice: Slice,
): Promise<{ items: CreditGrant[]; total: number }> {
  const where = { workspaceId: scope.workspaceId, isOpen: true };
  const [rows, total] = await Promise.all([
    reader.creditGrant.findMany({
      where,
      orderBy: [{ priority: 'asc' }, { expiresAt: { sort: 'asc', nulls: 'last' } }, { seq: 'asc' }],
      include: { transaction: { select: { id: true, createdAt: true } } },
      ...sliceOf(slice),
    }),
    reader.creditGrant.count({ where }),
  ]);
  const items = rows.map(({ transaction, amount, remaining, priority, expiresAt }) => ({
    ...{ transactionId: transaction.id, amount: Number(amount), remaining: Number(remaining), priority, expiresAt },
    createdAt: transaction.createdAt,
  }));
  return { items, total };
}

/** The last entry at or before an instant says what the balance was: one index read. */
export async function balanceAt(reader: Reader, scope: WorkspaceScope, at: Date): Promise<BalanceAt> {
  const entry = await reader.creditTransaction.findFirst({
    where: { workspaceId: scope.workspaceId, createdAt: { lte: at } },
    orderBy: [{ createdAt: 'desc' }, { seq: 'desc' }],
    select: { id: true, balanceAfter: true },
  });
  return { at, balance: Number(entry?.balanceAfter ?? 0n), transactionId: entry?.id ?? null };
}

export async function saveCreditLimit(tx: Tx, scope: WorkspaceScope, creditLimit: bigint | null): Promise<void> {
  await tx.billingAccount.update({ where: { workspaceId: scope.workspaceId }, data: { creditLimit } });
}
