import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { BenchPostgres } from '../product/postgres.ts';
import { type PgbenchResult, parsePgbench } from './pgbench-output.ts';
import { accountId } from './reference.ts';

const ID = accountId(':account');

/** One debit in one transaction, decided by the client: begin, lock, update, insert, commit. */
const SCRIPT = `\\set account random(:low, :high)
begin;
select balance, seq from reference.accounts where workspace_id = ${ID} for update \\gset
update reference.accounts set balance = balance - 1, seq = seq + 1, cycle_spent = cycle_spent + 1 where workspace_id = ${ID};
insert into reference.entries (workspace_id, seq, amount, description, balance_after, created_by)
values (${ID}, :seq + 1, -1, 'Enriched a contact', :balance - 1, '00000000-0000-0000-0000-000000000001');
commit;
`;

/** `simple` is what pgbench does unless told otherwise: text for each statement. `prepared` spares PostgreSQL the parsing. */
export type Protocol = 'simple' | 'prepared';

export type PgbenchLoad = {
  readonly protocol: Protocol;
  readonly clients: number;
  readonly durationMs: number;
  /** Accounts by number, both included; each debit takes one at random. */
  readonly accounts: readonly [low: number, high: number];
};

/** The version of the `pgbench` on the path; null when there is none. */
export async function findPgbench(): Promise<string | null> {
  const output = await run(['--version'], {}).catch(() => null);
  return output && (/(\d[\d.]*)/.exec(output)?.[1] ?? output.trim());
}

/** Runs the reference. Throws when pgbench fails or any of its transactions does. */
export async function runPgbench(postgres: BenchPostgres, load: PgbenchLoad): Promise<PgbenchResult> {
  const { protocol, clients, durationMs, accounts } = load;
  const script = join(postgres.directory, 'debit.sql');
  await writeFile(script, SCRIPT);
  const { username, pathname } = new URL(postgres.url);
  const args = [
    ...['--host=127.0.0.1', `--port=${postgres.port}`, `--username=${username}`],
    ...['--no-vacuum', `--protocol=${protocol}`, `--client=${clients}`, `--jobs=${Math.min(clients, 2)}`],
    ...[`--time=${Math.max(1, Math.round(durationMs / 1000))}`, `--file=${script}`],
    ...[`--define=low=${accounts[0]}`, `--define=high=${accounts[1]}`, pathname.slice(1)],
  ];
  return parsePgbench(await run(args, { PGPASSWORD: postgres.password }));
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn('pgbench', args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`pgbench failed (exit code ${code}):\n${errors || output}`);
  return output;
}
