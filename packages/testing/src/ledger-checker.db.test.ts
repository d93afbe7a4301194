import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { aTenant, type Tenant } from './factories.ts';
import { checkLedger } from './ledger-checker.ts';
import { type Claim, checkClaims, type Told } from './ledger-claims.ts';
import { useWorld } from './world.ts';

/** A checker that finds nothing proves something only if it finds what is wrong. */
const world = useWorld();
let client: pg.Client;
let tenant: Tenant;
let claims: readonly Claim[];

beforeAll(async () => {
  client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
});
afterAll(() => client.end());

beforeEach(async () => {
  tenant = await aTenant(world, { credits: 100 });
  const { billing } = world.services;
  const told = async (description: string, key: string): Promise<Claim> => {
    const input = { amount: 10, description, idempotencyKey: key };
    const { transaction } = await billing.debit(tenant.scope, input);
    const { id: transactionId, amount, balanceAfter } = transaction;
    return {
      workspaceId: tenant.id,
      description,
      key,
      told: { outcome: 'moved', transactionId, amount, balanceAfter },
    };
  };
  claims = [await told('first', 'key-number-one'), await told('second', 'key-number-two')];
  await billing.debit(tenant.scope, { amount: 5, description: 'without a key' });
});

const UNGUARDED = `
  set local session_replication_role = 'replica';
  do $$ declare guard record; begin
    for guard in select conrelid::regclass as place, conname from pg_constraint
                  where contype = 'c' and conrelid in ('billing_accounts'::regclass, 'credit_transactions'::regclass)
    loop execute format('alter table %s drop constraint %I', guard.place, guard.conname); end loop;
  end $$`;

/** What the checker says after `sql` ($1 is the workspace), which no trigger or constraint of the ledger stops here. */
async function after(sql: string): Promise<string[]> {
  await client.query(`begin; ${UNGUARDED}`);
  try {
    await client.query(sql, [tenant.id]);
    return [...(await checkLedger(client, [tenant.id])), ...(await checkClaims(client, claims))];
  } finally {
    await client.query('rollback');
  }
}

test('a sound ledger is found sound', async () => {
  expect(await checkLedger(client, [tenant.id])).toEqual([]);
  expect(await checkClaims(client, claims)).toEqual([]);
});

const ENTRY = 'workspace_id = $1 and seq = 2';
const OF_ENTRY = `(select id::text from credit_transactions where ${ENTRY})`;

test.each([
  ['a balance that was changed', 'update billing_accounts set balance = balance + 1 where workspace_id = $1', /sum of/],
  ['an overdraft', 'update billing_accounts set held = balance + 1 where workspace_id = $1', /no overdraft/],
  ['an entry that is gone', `delete from credit_transactions where ${ENTRY}`, /without a gap/],
  [
    'an entry that is gone from the end',
    'delete from credit_transactions where workspace_id = $1 and seq = 4',
    /without a gap/,
  ],
  [
    'an account that has lost count',
    'update billing_accounts set seq = seq + 1 where workspace_id = $1',
    /without a gap/,
  ],
  ['an amount that was changed', `update credit_transactions set amount = -9 where ${ENTRY}`, /chains/],
  [
    'an event that is missing',
    `delete from outbox where workspace_id = $1 and payload ->> 'transactionId' = ${OF_ENTRY}`,
    /has 0 events/,
  ],
  [
    'an event told twice',
    `insert into outbox (id, partition, workspace_id, name, version, aggregate_type, aggregate_id, payload)
      select gen_random_uuid(), partition, workspace_id, name, version, aggregate_type, aggregate_id, payload
        from outbox where workspace_id = $1 and payload ->> 'transactionId' = ${OF_ENTRY}`,
    /has 2 events/,
  ],
  [
    'an event of another amount',
    `update outbox set payload = jsonb_set(payload, '{amount}', '1')
      where workspace_id = $1 and payload ->> 'transactionId' = ${OF_ENTRY}`,
    /outbox event, with its amount/,
  ],
  [
    'an audit entry that is missing',
    `delete from audit_log where workspace_id = $1 and changes -> 'after' ->> 'transactionId' = ${OF_ENTRY}`,
    /has 0 audit entries/,
  ],
  [
    'two verdicts for one entry',
    `insert into idempotency_keys (workspace_id, principal_id, procedure, key, fingerprint, answer)
      select workspace_id, principal_id, procedure, key || '!', fingerprint, answer from idempotency_keys where workspace_id = $1`,
    /no other verdict/,
  ],
  [
    'a verdict without its entry',
    `update idempotency_keys set answer = jsonb_set(answer, '{transactionId}', to_jsonb(gen_random_uuid()::text))
      where workspace_id = $1 and key = 'key-number-one'`,
    /no other verdict/,
  ],
  [
    'an answer that is not kept',
    `update credit_transactions set balance_after = 1 where ${ENTRY}`,
    /first was answered with entry/,
  ],
])('%s is found', async (_, sql, says) => {
  expect(await after(sql)).toContainEqual(expect.stringMatching(says));
});

const told = (of: Claim | undefined, answer: Told): Claim => {
  if (!of) throw new Error('It is made before each test.');
  return { ...of, told: answer };
};

test.each<[string, Told, RegExp]>([
  [
    'an effect that was answered as refused',
    { outcome: 'refused', code: 'x', details: {} },
    /as refused, and took effect/,
  ],
  ['an effect whose caller was told to try again', { outcome: 'notDone' }, /as notDone, and took effect/],
])('%s is found', async (_, answer, says) => {
  expect(await checkClaims(client, [told(claims[0], answer)])).toContainEqual(expect.stringMatching(says));
  expect(await checkClaims(client, [told(claims[0], { outcome: 'unknown' })])).toEqual([]);
});

test('one key with two effects, and one key with two answers, are found', async () => {
  const underOneKey = claims.map((claim) => ({ ...claim, key: 'the same' }));
  expect(await checkClaims(client, underOneKey)).toContainEqual(expect.stringMatching(/took effect 2 times/));
  const refusal = told(claims[0], { outcome: 'refused', code: 'x', details: {} });
  expect(await checkClaims(client, [...claims, refusal])).toContainEqual(expect.stringMatching(/in 2 ways/));
});
