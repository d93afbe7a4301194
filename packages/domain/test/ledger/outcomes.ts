import type { LedgerVerification } from '@morket/contract/billing';
import { DomainError } from '@morket/contract/errors';
import { createLedgerAudit } from '@morket/domain/billing';
import type { Tenant, World } from '@morket/testing';
import { expect } from 'vitest';

/** 'done', or the code of the refusal. What is no refusal is thrown. */
export const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (err: unknown) => {
      if (err instanceof DomainError) return err.code;
      throw err;
    },
  );

/** How often each outcome came. */
export async function outcomesOf(works: readonly Promise<unknown>[]): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const outcome of await Promise.all(works.map(outcomeOf))) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** The report on the tenant's books, which are in order. */
export async function intactBooks(world: Pick<World, 'db'>, { id }: Tenant): Promise<LedgerVerification> {
  const report = await createLedgerAudit(world).verifyWorkspace(id);
  expect(report).toMatchObject({ intact: true, divergence: null });
  if (!report) throw new Error('A tenant has an account.');
  return report;
}

/** The entries of the ledger, oldest first. */
export const entriesOf = ({ db }: Pick<World, 'db'>, { id }: Tenant) =>
  db.read.creditTransaction.findMany({ where: { workspaceId: id }, orderBy: { seq: 'asc' } });
