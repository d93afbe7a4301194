import { useTestDatabase, withClient } from '@morket/testing/template-database';
import pg from 'pg';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** What the database refuses by itself, whatever code asks for it. */
const database = useTestDatabase();
const [USER, WORKSPACE, SESSION, ENTRY, HOLD] = [1, 2, 3, 4, 5].map(
  (digit) => `019aa2c4-7d0e-7cc3-98a5-00000000000${digit}`,
);

const run = (sql: string) => withClient(database.url, (client) => client.query(sql));
/** The constraint that refuses a statement, or its SQLSTATE where there is none. */
async function refusalOf(sql: string): Promise<string> {
  const err: unknown = await run(sql).then(
    () => 'accepted',
    (reason: unknown) => reason,
  );
  return err instanceof pg.DatabaseError ? (err.constraint ?? err.code ?? '') : String(err);
}

beforeAll(() =>
  run(`
    insert into users (id, email, name, password_hash) values ('${USER}', 'ada@example.com', 'Ada', 'x');
    insert into workspaces (id, name, slug, key_salt) values ('${WORKSPACE}', 'Acme', 'acme', '\\x00');
    insert into sessions (id, user_id, key_salt, idle_expires_at, absolute_expires_at) values ('${SESSION}', '${USER}', '\\x00', now(), now());
    insert into billing_accounts (workspace_id, cycle_start, cycle_end) values ('${WORKSPACE}', now(), now() + interval '1 day');
    insert into credit_transactions (id, workspace_id, seq, amount, type, description, balance_after, hash, burns, created_by)
      values ('${ENTRY}', '${WORKSPACE}', 1, 5, 'credit', 'x', 5, '\\x00', '{}', '${USER}');
    insert into credit_grants (workspace_id, seq, amount, remaining, priority) values ('${WORKSPACE}', 1, 5, 5, 50);
    insert into credit_holds (workspace_id, id, amount, description, expires_at, created_by, created_at)
      values ('${WORKSPACE}', '${HOLD}', 5, 'x', now(), '${USER}', now());
    insert into credit_hold_steps (workspace_id, hold_id, no, kind, amount, closes, created_at)
      values ('${WORKSPACE}', '${HOLD}', 1, 'opened', 5, false, now());
    insert into recharge_rules (workspace_id) values ('${WORKSPACE}');
    insert into audit_log (id, action, entity_type, entity_id, changes) values (gen_random_uuid(), 'x', 'x', 'x', '{}')`),
);

describe('a billing account', () => {
  beforeEach(() =>
    run(`update billing_accounts set balance = 10, held = 5, debt = 0, credit_limit = null, cycle_spent = 0`),
  );
  test.each([
    ['a balance below nothing', 'balance = -1, held = 0', 'billing_accounts_balance'],
    ['a balance below what is held', 'balance = 4', 'billing_accounts_balance'],
    ['a negative hold', 'held = -1', 'billing_accounts_balance'],
    ['a balance that JSON cannot hold', 'balance = 9007199254740992', 'billing_accounts_exact_on_the_wire'],
    ['a negative limit', 'credit_limit = -1', 'billing_accounts_credit_limit'],
    ['a negative sum of spending', 'cycle_spent = -1', 'billing_accounts_cycle'],
    ['spending that JSON cannot hold', 'cycle_spent = 9007199254740992', 'billing_accounts_cycle'],
    ['a cycle that ends before it begins', 'cycle_end = cycle_start', 'billing_accounts_cycle'],
    ['a recharge of nothing', 'auto_recharge = true, auto_recharge_amount = 0', 'billing_accounts_auto_recharge'],
    ['a negative threshold', 'auto_recharge_threshold = -1', 'billing_accounts_auto_recharge'],
    ['a negative debt', 'debt = -1', 'billing_accounts_debt'],
    ['a debt while something is available', 'debt = 1', 'billing_accounts_debt'],
    ['a debt that JSON cannot hold', 'debt = 9007199254740992, held = balance', 'billing_accounts_debt'],
  ])('never has %s', async (_, change, constraint) => {
    expect(await refusalOf(`update billing_accounts set ${change}`)).toBe(constraint);
  });

  test('takes the largest balance, and a hold of all of it', async () => {
    expect(await refusalOf('update billing_accounts set balance = 9007199254740991, held = 9007199254740991')).toBe(
      'accepted',
    );
  });

  test('takes a debt where everything is held', async () => {
    expect(await refusalOf('update billing_accounts set debt = 1, held = balance')).toBe('accepted');
  });
});

describe('a ledger entry', () => {
  const insert = (seq: number, amount: number, type: string, balanceAfter: number, more = {}) => {
    const given = { hash: `'\\x00'`, reverses_id: 'null', hold_id: 'null', burns: `'{}'`, ...more };
    return refusalOf(`
      insert into credit_transactions (id, workspace_id, seq, amount, type, description, balance_after, ${Object.keys(given)})
      values (gen_random_uuid(), '${WORKSPACE}', ${seq}, ${amount}, '${type}', 'x', ${balanceAfter}, ${Object.values(given)})`);
  };
  test.each([
    ['of nothing', 2, 0, 'credit', 5],
    ['that debits by adding', 2, 5, 'debit', 10],
    ['that adds by debiting', 2, -5, 'credit', 0],
    ['that recharges by debiting', 2, -5, 'auto_recharge', 0],
    ['that expires by adding', 2, 5, 'expiry', 10],
    ['that repays by adding', 2, 5, 'debt_repayment', 10],
    ['that debits nothing', 2, 0, 'debit', 5],
    ['that leaves less than nothing', 2, -6, 'debit', -1],
    ['without a number', 0, 5, 'credit', 10],
  ])('%s is refused', async (_, ...entry) => {
    expect(await insert(...entry)).toBe('credit_transactions_sign');
  });

  test('has a number of its own', async () => {
    expect(await insert(1, 5, 'credit', 10)).toBe('credit_transactions_workspace_id_seq_key');
  });

  test('has a hash', async () => {
    expect(await insert(2, 5, 'credit', 10, { hash: 'null' })).toBe('23502');
  });

  test.each([
    ['a reversal of nothing', 2, -5, 'reversal', 0, {}, 'credit_transactions_pointers'],
    ['a debit that reverses', 2, -5, 'debit', 0, { reverses_id: `'${ENTRY}'` }, 'credit_transactions_pointers'],
    ['a credit that captures', 2, 5, 'credit', 10, { hold_id: `'${HOLD}'` }, 'credit_transactions_pointers'],
    ['burns that are no pairs', 2, -5, 'debit', 0, { burns: `'{1}'` }, 'credit_transactions_burns'],
    [
      'a reversal of what is not there',
      ...([2, -5, 'reversal', 0, { reverses_id: `'${HOLD}'` }] as const),
      'credit_transactions_workspace_id_reverses_id_fkey',
    ],
    [
      'a capture of a hold that is not there',
      ...([2, -5, 'debit', 0, { hold_id: `'${ENTRY}'` }] as const),
      'credit_transactions_workspace_id_hold_id_fkey',
    ],
  ] as const)('%s is refused', async (_, seq, amount, type, balanceAfter, more, constraint) => {
    expect(await insert(seq, amount, type, balanceAfter, more)).toBe(constraint);
  });

  test('is reversed once', async () => {
    const reversal = { reverses_id: `'${ENTRY}'` };
    expect(await insert(2, -5, 'reversal', 0, reversal)).toBe('accepted');
    expect(await insert(3, 0, 'reversal', 0, reversal)).toBe('credit_transactions_reversed');
  });
});

describe('a grant', () => {
  test.each([
    ['less than nothing left', 'remaining = -1', 'credit_grants_remaining'],
    ['more left than it began with', 'remaining = 6', 'credit_grants_remaining'],
    ['credits left and is closed', 'is_open = false', 'credit_grants_remaining'],
    ['nothing left and is open', 'remaining = 0', 'credit_grants_remaining'],
    ['more expired than it began with', 'expired = 6', 'credit_grants_remaining'],
    ['less than nothing expired', 'expired = -1', 'credit_grants_remaining'],
    ['a priority below the first', 'priority = -1', 'credit_grants_priority'],
    ['a priority beyond the last', 'priority = 101', 'credit_grants_priority'],
    ['no entry behind it', 'seq = 99', 'credit_grants_workspace_id_seq_fkey'],
  ])('never has %s', async (_, change, constraint) => {
    expect(await refusalOf(`update credit_grants set ${change}`)).toBe(constraint);
  });

  test('is spent to the last credit, and closed with it', async () => {
    expect(await refusalOf('update credit_grants set remaining = 0, is_open = false')).toBe('accepted');
  });
});

describe('a hold', () => {
  test.each([
    ['of nothing', 'amount = 0', 'credit_holds_captured'],
    ['captured beyond its amount', 'captured = 6', 'credit_holds_captured'],
    ['captured below nothing', 'captured = -1', 'credit_holds_captured'],
    ['captured in full and still open', 'captured = 5', 'credit_holds_captured'],
    ['captured in full and released', `captured = 5, state = 'released'`, 'credit_holds_captured'],
    ['without a step', 'steps = 0', 'credit_holds_captured'],
  ])('%s is refused', async (_, change, constraint) => {
    expect(await refusalOf(`update credit_holds set ${change}`)).toBe(constraint);
  });

  const step = (no: number, kind: string, amount: number, closes: boolean) =>
    refusalOf(`insert into credit_hold_steps (workspace_id, hold_id, no, kind, amount, closes, created_at)
      values ('${WORKSPACE}', '${HOLD}', ${no}, '${kind}', ${amount}, ${closes}, now())`);

  test('is opened by its first step and no other, and resolved by one', async () => {
    expect(await step(2, 'opened', 5, false)).toBe('credit_hold_steps_amount');
    expect(await step(1, 'captured', 5, false)).toBe('credit_hold_steps_amount');
    expect(await step(2, 'captured', -1, false)).toBe('credit_hold_steps_amount');
    expect(await step(0, 'captured', 1, false)).toBe('credit_hold_steps_amount');
    expect(await step(1, 'opened', 5, false)).toBe('credit_hold_steps_pkey');
    expect(await step(2, 'captured', 3, false)).toBe('accepted');
    expect(await step(3, 'released', 2, true)).toBe('accepted');
    expect(await step(4, 'expired', 2, true)).toBe('credit_hold_steps_closing');
  });
});

describe('automatic recharge', () => {
  test.each([
    ['a largest purchase of nothing', 'max_amount = 0'],
    ['a month’s limit of nothing', 'monthly_limit = 0'],
    ['a number of purchases of nothing', `max_purchases = 0, max_purchases_per = 'day'`],
    ['a number of purchases in no window', 'max_purchases = 1'],
    ['a window for no number of purchases', `max_purchases_per = 'day'`],
    ['failures below none', 'failures = -1'],
  ])('never has %s', async (_, change) => {
    expect(await refusalOf(`update recharge_rules set ${change}`)).toBe('recharge_rules_limits');
  });

  test('is under way once for a workspace, whether a person has to confirm it or not', async () => {
    const recharge = (state: string) =>
      refusalOf(`insert into credit_recharges (workspace_id, id, state, created_at)
        values ('${WORKSPACE}', gen_random_uuid(), '${state}', now())`);
    for (const state of ['succeeded', 'failed', 'blocked', 'succeeded', 'open'])
      expect(await recharge(state)).toBe('accepted');
    for (const state of ['open', 'action_required']) expect(await recharge(state)).toBe('credit_recharges_open');
    await run(`update credit_recharges set state = 'failed' where state = 'open'`);
    expect([await recharge('action_required'), await recharge('open')]).toEqual(['accepted', 'credit_recharges_open']);
  });
});

describe('histories take no change, from anybody, by any statement', () => {
  const histories = [
    ['credit_transactions', 'workspace_id, id'],
    ['credit_hold_steps', 'workspace_id, hold_id, no'],
    ['audit_log', 'id'],
  ] as const;
  const statements = histories.flatMap(([table, key]) => [
    `update ${table} set workspace_id = workspace_id`,
    `update ${table} set created_at = now()`,
    `delete from ${table}`,
    `truncate ${table} cascade`,
    `merge into ${table} t using (select 1) s on true when matched then delete`,
    `insert into ${table} select * from ${table} on conflict (${key}) do update set created_at = now()`,
    `with gone as (delete from ${table} returning *) select count(*) from gone`,
  ]);

  test.each(statements)('%s', async (statement) => {
    const counts = async () =>
      (
        await run(
          `select (select count(*) from credit_transactions) as ledger, (select count(*) from credit_hold_steps) as steps,
                  (select count(*) from audit_log) as audit`,
        )
      ).rows;
    const before = await counts();
    expect(await refusalOf(statement)).toBe('23001');
    expect(await counts()).toEqual(before);
  });

  test.each([
    ['credit_hold_steps', '23001'],
    ['audit_log', '23001'],
    // PostgreSQL refuses this one before any trigger is asked: other tables point to it.
    ['credit_transactions', '0A000'],
  ])('truncate %s', async (table, refusal) => {
    expect(await refusalOf(`truncate ${table}`)).toBe(refusal);
  });

  test('nor do they go with what they tell of', async () => {
    expect(await refusalOf(`delete from workspaces`)).toBe('billing_accounts_workspace_id_fkey');
    expect(await refusalOf(`delete from billing_accounts`)).toBe('credit_transactions_workspace_id_fkey');
    expect(await refusalOf('truncate billing_accounts cascade')).toBe('23001');
  });
});

/** A statement that makes an API key, all right but for these columns. */
function apiKeyWith(wrong: Readonly<Record<string, string>>): string {
  const columns = {
    ...{ id: 'gen_random_uuid()', workspace_id: `'${WORKSPACE}'`, created_by: `'${USER}'`, name: `'x'` },
    ...{ scopes: `'{workspace:read}'`, key_hash: `sha256('y')`, key_prefix: `'x'`, last4: `'x'`, ...wrong },
  };
  return `insert into api_keys (${Object.keys(columns).join()}) values (${Object.values(columns).join()})`;
}

describe('elsewhere', () => {
  test.each([
    ['an address of two characters', `update users set email = 'x@'`, 'users_email_length'],
    ['an address of 255 characters', `update users set email = repeat('x', 255)`, 'users_email_length'],
    ['a generation below zero', 'update sessions set gen = -1', 'sessions_generations'],
    ['a generation seen before it was made', 'update sessions set observed_gen = gen + 1', 'sessions_generations'],
    [
      'an idle expiry after the absolute one',
      `update sessions set idle_expires_at = absolute_expires_at + interval '1 ms'`,
      'sessions_expiry',
    ],
    [
      'a key version of zero',
      `insert into encryption_keys (version, check_value) values (0, '\\x00')`,
      'encryption_keys_version_positive',
    ],
    [
      'a credential of version zero',
      `insert into api_credentials (id, workspace_id, provider_name, sealed_key, key_version, masked_key, created_by) values (gen_random_uuid(), '${WORKSPACE}', 'x', '\\x00', 0, 'x', '${USER}')`,
      'api_credentials_key_version_positive',
    ],
    ['an API key that may do nothing', apiKeyWith({ scopes: `'{}'` }), 'api_keys_scopes'],
    ['an API key under half a hash', apiKeyWith({ key_hash: `'\\x00'` }), 'api_keys_hash'],
    ['a grace of no secret', apiKeyWith({ grace_ends_at: 'now()' }), 'api_keys_grace'],
    ['an old secret without an end', apiKeyWith({ previous_hash: `sha256('x')` }), 'api_keys_grace'],
    [
      'a member of a workspace that is not there',
      `insert into memberships (workspace_id, user_id, role) values (gen_random_uuid(), '${USER}', 'owner')`,
      'memberships_workspace_id_fkey',
    ],
    [
      'a role nobody knows',
      `insert into memberships (workspace_id, user_id, role) values ('${WORKSPACE}', '${USER}', 'god')`,
      '22P02',
    ],
    [
      'a second workspace of one slug',
      `insert into workspaces (id, name, slug, key_salt) values (gen_random_uuid(), 'x', 'acme', '\\x00')`,
      'workspaces_slug_key',
    ],
  ])('%s is refused', async (_, statement, constraint) => {
    expect(await refusalOf(statement)).toBe(constraint);
  });

  test('two open invitations of one address to one workspace are refused, a second one after the first is closed is not', async () => {
    const invite = (closed: boolean) =>
      refusalOf(`insert into invitations (id, workspace_id, email, role, token_hash, invited_by, expires_at, revoked_at)
        values (gen_random_uuid(), '${WORKSPACE}', 'bob@example.com', 'viewer', decode(md5(random()::text), 'hex'), '${USER}', now(), ${closed ? 'now()' : 'null'})`);
    expect([await invite(true), await invite(false), await invite(false), await invite(true)]).toEqual([
      'accepted',
      'accepted',
      'invitations_open',
      'accepted',
    ]);
  });
});
