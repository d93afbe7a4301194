import { aTenant, useWorld } from '@morket/testing';
import { send } from '@morket/testing/http';
import { expect, test } from 'vitest';

const world = useWorld();
const payload = { amount: 10, description: 'a run' };

async function aPayingTenant() {
  const tenant = await aTenant(world, { credits: 100 });
  const debit = (
    given: { workspaceId?: string; idempotencyKey?: string; amount?: number },
    headers: Record<string, string> = {},
  ) =>
    send(
      world,
      { method: 'POST', url: '/trpc/billing.debit', payload: { ...payload, ...given } },
      { token: tenant.owner.accessToken, headers },
    );
  return { ...tenant, debit };
}

test('a retry is the same call however it names the workspace and brings the key', async () => {
  const { id, debit, owner } = await aPayingTenant();
  const key = 'one-key-for-all';
  const first = await debit({ workspaceId: id, idempotencyKey: key });
  const byHeader = await debit({ idempotencyKey: key }, { 'x-workspace-id': id });
  const keyInHeader = await debit({ workspaceId: id }, { 'idempotency-key': key });
  const byRest = await send(
    world,
    { method: 'POST', url: `/api/v1/workspaces/${id}/billing/debits`, payload },
    { token: owner.accessToken, headers: { 'idempotency-key': key } },
  );
  expect(first.status).toBe(200);
  for (const retry of [byHeader, keyInHeader, byRest]) expect(retry.data).toEqual(first.data);
  expect(first.data).toMatchObject({ balance: 90 });
});

test('422: other content under a used key, and nothing changes', async () => {
  const { id, debit } = await aPayingTenant();
  await debit({ workspaceId: id, idempotencyKey: 'used-once' });
  const other = await debit({ workspaceId: id, idempotencyKey: 'used-once', amount: 11 });
  expect([other.status, other.code]).toEqual([422, 'idempotency.mismatch']);
  const next = await debit({ workspaceId: id });
  expect(next.data).toMatchObject({ balance: 80 });
});

test('400: a key in the header that is too short', async () => {
  const { id, debit } = await aPayingTenant();
  const refused = await debit({ workspaceId: id }, { 'idempotency-key': 'short' });
  expect([refused.status, refused.code]).toEqual([400, 'request.invalid_input']);
});

test('400: a key in the header of a batch, where the second debit would pass for a replay of the first', async () => {
  const { id, owner, debit } = await aPayingTenant();
  const one = { workspaceId: id, ...payload };
  const batch = await send(
    world,
    { method: 'POST', url: '/trpc/billing.debit,billing.debit?batch=1', payload: { 0: one, 1: one } },
    { token: owner.accessToken, headers: { 'idempotency-key': 'one-key-two-debits' } },
  );
  expect([batch.status, batch.code]).toEqual([400, 'request.malformed']);
  expect((await debit({ workspaceId: id })).data).toMatchObject({ balance: 90 });
});

test('a call that needs nothing but its workspace may come without input', async () => {
  const { id, owner } = await aPayingTenant();
  for (const procedure of ['billing.get', 'billing.transactions', 'workspace.members.list']) {
    const headers = { 'x-workspace-id': id };
    const answer = await send(
      world,
      { method: 'GET', url: `/trpc/${procedure}` },
      { token: owner.accessToken, headers },
    );
    expect([procedure, answer.status]).toEqual([procedure, 200]);
  }
});
