import { useTestDatabase, withClient } from '@morket/testing/template-database';
import pg from 'pg';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** What the database refuses by itself, whatever code asks for it. */
const database = useTestDatabase();
const [USER, WORKSPACE, SESSION] = [1, 2, 3].map((digit) => `019aa2c4-7d0e-7cc3-98a5-00000000000${digit}`);

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
    insert into credit_transactions (id, workspace_id, seq, amount, type, description, balance_after, created_by)
      values (gen_random_uuid(), '${WORKSPACE}', 1, 5, 'credit', 'x', 5, '${USER}');
    insert into audit_log (id, action, entity_type, entity_id, changes) values (gen_random_uuid(), 'x', 'x', 'x', '{}')`),
);

describe('a billing account', () => {
  beforeEach(() => run(`update billing_accounts set balance = 10, held = 5, credit_limit = null, cycle_spent = 0`));
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
  ])('never has %s', async (_, change, constraint) => {
    expect(await refusalOf(`update billing_accounts set ${change}`)).toBe(constraint);
  });

  test('takes the largest balance, and a hold of all of it', async () => {
    expect(await refusalOf('update billing_accounts set balance = 9007199254740991, held = 9007199254740991')).toBe(
      'accepted',
    );
  });
});

describe('a ledger entry', () => {
  const insert = (seq: number, amount: number, type: string, balanceAfter: number) =>
    refusalOf(`insert into credit_transactions (id, workspace_id, seq, amount, type, description, balance_after, created_by)
      values (gen_random_uuid(), '${WORKSPACE}', ${seq}, ${amount}, '${type}', 'x', ${balanceAfter}, '${USER}')`);
  test.each([
    ['of nothing', 2, 0, 'credit', 5],
    ['that debits by adding', 2, 5, 'debit', 10],
    ['that adds by debiting', 2, -5, 'credit', 0],
    ['that recharges by debiting', 2, -5, 'auto_recharge', 0],
    ['that leaves less than nothing', 2, -6, 'debit', -1],
    ['without a number', 0, 5, 'credit', 10],
  ])('%s is refused', async (_, ...entry) => {
    expect(await insert(...entry)).toBe('credit_transactions_sign');
  });

  test('has a number of its own', async () => {
    expect(await insert(1, 5, 'credit', 10)).toBe('credit_transactions_workspace_id_seq_key');
  });
});

describe('histories take no change, from anybody, by any statement', () => {
  const statements = ['credit_transactions', 'audit_log'].flatMap((table) => [
    `update ${table} set id = id`,
    `update ${table} set created_at = now()`,
    `delete from ${table}`,
    `truncate ${table}`,
    `truncate ${table} cascade`,
    `merge into ${table} t using (select 1) s on true when matched then delete`,
    `insert into ${table} select * from ${table} on conflict (id) do update set created_at = now()`,
    `with gone as (delete from ${table} returning *) select count(*) from gone`,
  ]);

  test.each(statements)('%s', async (statement) => {
    const counts = async () =>
      (
        await run(
          'select (select count(*) from credit_transactions) as ledger, (select count(*) from audit_log) as audit',
        )
      ).rows;
    const before = await counts();
    expect(await refusalOf(statement)).toBe('23001');
    expect(await counts()).toEqual(before);
  });

  test('nor do they go with what they tell of', async () => {
    expect(await refusalOf(`delete from workspaces`)).toBe('billing_accounts_workspace_id_fkey');
    expect(await refusalOf(`delete from billing_accounts`)).toBe('credit_transactions_workspace_id_fkey');
    expect(await refusalOf('truncate billing_accounts cascade')).toBe('23001');
  });
});

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
