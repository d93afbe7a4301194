import { createAuditVerifier } from '@morket/domain/audit';
import { print, runVerifyCommand } from './verify-command.ts';

await runVerifyCommand({
  usage: `npm run audit -- verify [workspace]

  Holds the audit log against its chain of hashes: no entry was changed, removed, smuggled in or moved.
  The first divergence of a workspace is shown; the exit code is 1 when there is one.`,
  noun: 'audit logs',
  heading: `${'workspace'.padEnd(36)}  entries  waiting   pruned            last hash`,
  verifierOf: ({ db }) => createAuditVerifier({ db }),
  printReport: ({ workspaceId, entries, waiting, prunedEntries, headHash, divergence }) => {
    const figures = [entries, waiting, prunedEntries].map((count) => String(count).padStart(8)).join(' ');
    print(`${workspaceId} ${figures}  ${divergence ? 'DIVERGES' : 'intact  '}  ${headHash ?? '-'}`);
    if (!divergence) return;
    const { check, message, entryId } = divergence;
    print(`  ${check}: ${message}${entryId === null ? '' : ` (${entryId})`}`);
  },
});
