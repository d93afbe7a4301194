import {
  AutoRecharged,
  CreditsAdded,
  CreditsDebited,
  CreditsExpired,
  DebtRepaid,
  TransactionReversed,
} from '@morket/contract/billing';
import { systemActing } from '@morket/domain/access';
import { aTenant, useWorld } from '@morket/testing';
import { expect, test } from 'vitest';

const world = useWorld();

const BY_TYPE = {
  credit: CreditsAdded,
  debit: CreditsDebited,
  auto_recharge: AutoRecharged,
  expiry: CreditsExpired,
  debt_repayment: DebtRepaid,
  reversal: TransactionReversed,
} as const;

/** Most events of entries are made by PostgreSQL from the entry itself: they have to be what the contract declares, to the last field. */
test('the event and the audit entry of each type of entry are those of the contract', async () => {
  const { id, scope } = await aTenant(world, { credits: 100 });
  const { billing } = world.services;
  const { transaction } = await billing.debit(scope, {
    amount: 60,
    description: 'ünïcode "quoted"',
    referenceId: 'run-1',
  });
  const credit = { kind: 'credit', type: 'auto_recharge', amount: 30n, priority: 50, expiresAt: null } as const;
  const about = { description: 'Automatic recharge', referenceId: null };
  await world.ledger.move({ acting: systemActing(id, 'test'), command: { ...credit, ...about }, keyed: null });
  const { items } = await billing.transactions(scope, { page: 1, limit: 10 });
  const opening = items.find(({ type }) => type === 'credit');
  await billing.reverse(scope, { transactionId: opening?.id ?? '', reason: 'chargeback' });
  await billing.addCredits(scope, { amount: 50, description: 'pays the debt' });
  const soon = new Date(Date.now() + 1_500).toISOString();
  await billing.addCredits(scope, { amount: 40, description: 'short-lived', expiresAt: soon });
  await expect
    .poll(
      async () => {
        await world.sweepBilling();
        return (await billing.transactions(scope, { page: 1, limit: 1 })).items[0]?.type;
      },
      { timeout: 15_000 },
    )
    .toBe('expiry');

  const entries = (await billing.transactions(scope, { page: 1, limit: 20 })).items;
  expect(new Set(entries.map(({ type }) => type))).toEqual(new Set(Object.keys(BY_TYPE)));
  for (const entry of entries) {
    const definition = BY_TYPE[entry.type];
    const event = await world.db.read.outboxEvent.findFirstOrThrow({ where: { id: entry.id } });
    expect(event).toMatchObject({
      ...{ name: definition.eventName, version: definition.version, aggregateType: definition.aggregateType },
      ...{ aggregateId: id, workspaceId: id },
    });
    expect(definition.payload.strict().parse(event.payload)).toMatchObject({
      ...{ transactionId: entry.id, amount: entry.amount, balanceAfter: entry.balanceAfter },
      referenceId: entry.referenceId,
    });
    const audit = await world.db.read.auditEntry.findUniqueOrThrow({ where: { id: entry.id } });
    expect(audit).toMatchObject({ action: definition.eventName, actorId: entry.createdBy, requestId: event.requestId });
    expect(audit.changes).toMatchObject({ after: { transactionId: entry.id } });
  }
  expect(entries.map(({ id: entryId }) => entryId)).toContain(transaction.id);
});
