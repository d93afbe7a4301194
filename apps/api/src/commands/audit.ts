import type { AuditVerification } from '@morket/contract/audit';
import { migrate } from '@morket/db/migrations';
import { createAuditVerifier } from '@morket/domain/audit';
import { type CommandSession, runCommand, UsageError } from './session.ts';

const USAGE = `npm run audit -- verify [workspace]

  Holds the audit log against its chain of hashes: no entry was changed, removed, smuggled in or moved.
  The first divergence of a workspace is shown; the exit code is 1 when there is one.`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const print = (line: string) => void process.stdout.write(`${line}\n`);

function printReport(report: AuditVerification): void {
  const { workspaceId, entries, waiting, prunedEntries, headHash, divergence } = report;
  const figures = [entries, waiting, prunedEntries].map((count) => String(count).padStart(8)).join(' ');
  print(`${workspaceId} ${figures}  ${divergence ? 'DIVERGES' : 'intact  '}  ${headHash ?? '-'}`);
  if (!divergence) return;
  const { check, message, entryId } = divergence;
  print(`  ${check}: ${message}${entryId === null ? '' : ` (${entryId})`}`);
}

async function verify({ db }: CommandSession, [workspaceId]: readonly string[]): Promise<void> {
  const verifier = createAuditVerifier({ db });
  let logs = 0;
  let diverging = 0;
  const take = (report: AuditVerification) => {
    if (logs === 0) print(`${'workspace'.padEnd(36)}  entries  waiting   pruned            last hash`);
    printReport(report);
    logs += 1;
    if (report.divergence) diverging += 1;
  };
  if (workspaceId === undefined) for await (const report of verifier.verifyAll()) take(report);
  else {
    const report = await verifier.verifyWorkspace(workspaceId.toLowerCase());
    if (!report) throw new UsageError(`There is no workspace ${workspaceId}.`);
    take(report);
  }
  print(`${logs} audit logs, ${diverging} diverge.`);
  if (diverging > 0) process.exitCode = 1;
}

await runCommand(async (session) => {
  const [name, ...args] = process.argv.slice(2);
  const isCall = name === 'verify' && args.length <= 1 && (args[0] === undefined || UUID.test(args[0]));
  if (!isCall) throw new UsageError(USAGE);
  await migrate({ databaseUrl: session.databaseUrl });
  await verify(session, args);
});
