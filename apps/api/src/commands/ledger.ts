import type { LedgerVerification } from '@morket/contract/billing';
import { migrate } from '@morket/db/migrations';
import { createLedgerAudit } from '@morket/domain/billing';
import { type CommandSession, runCommand, UsageError } from './session.ts';

const USAGE = `npm run ledger -- verify [workspace]

  Derives every balance, hold and grant anew from the ledger, walks the chain of hashes, and compares.
  The first divergence of a workspace is shown; the exit code is 1 when there is one.`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const print = (line: string) => void process.stdout.write(`${line}\n`);

function printReport({ workspaceId, entries, balance, held, headHash, divergence }: LedgerVerification): void {
  const figures = `${String(entries).padStart(9)} ${String(balance).padStart(12)} ${String(held).padStart(9)}`;
  print(`${workspaceId} ${figures}  ${divergence ? 'DIVERGES' : 'intact  '}  ${headHash ?? '-'}`);
  if (divergence) print(`  ${divergence.check}: ${divergence.message}`);
}

async function verify({ db }: CommandSession, [workspaceId]: readonly string[]): Promise<void> {
  const audit = createLedgerAudit({ db });
  let accounts = 0;
  let diverging = 0;
  const take = (report: LedgerVerification) => {
    if (accounts === 0) print(`${'workspace'.padEnd(36)}   entries      balance      held            last hash`);
    printReport(report);
    accounts += 1;
    if (report.divergence) diverging += 1;
  };
  if (workspaceId === undefined) for await (const report of audit.verifyAll()) take(report);
  else {
    const report = await audit.verifyWorkspace(workspaceId.toLowerCase());
    if (!report) throw new UsageError(`There is no workspace ${workspaceId}.`);
    take(report);
  }
  print(`${accounts} ledgers, ${diverging} diverge.`);
  if (diverging > 0) process.exitCode = 1;
}

await runCommand(async (session) => {
  const [name, ...args] = process.argv.slice(2);
  const isCall = name === 'verify' && args.length <= 1 && (args[0] === undefined || UUID.test(args[0]));
  if (!isCall) throw new UsageError(USAGE);
  await migrate({ databaseUrl: session.databaseUrl });
  await verify(session, args);
});
