import { createLedgerAudit } from '@morket/domain/billing';
import { print, runVerifyCommand } from './verify-command.ts';

await runVerifyCommand({
  usage: `npm run ledger -- verify [workspace]

  Derives every balance, hold and grant anew from the ledger, walks the chain of hashes, and compares.
  The first divergence of a workspace is shown; the exit code is 1 when there is one.`,
  noun: 'ledgers',
  heading: `${'workspace'.padEnd(36)}   entries      balance      held            last hash`,
  verifierOf: ({ db }) => createLedgerAudit({ db }),
  printReport: ({ workspaceId, entries, balance, held, headHash, divergence }) => {
    const figures = `${String(entries).padStart(9)} ${String(balance).padStart(12)} ${String(held).padStart(9)}`;
    print(`${workspaceId} ${figures}  ${divergence ? 'DIVERGES' : 'intact  '}  ${headHash ?? '-'}`);
    if (divergence) print(`  ${divergence.check}: ${divergence.message}`);
  },
});
