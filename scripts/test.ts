/** `npm test`: every check, then every test; ends with one plain line of counts unless interrupted. */
import path from 'node:path';
import { closingLine } from './test/count.ts';
import { runVitest } from './test/vitest-run.ts';
import { runChecks } from './verify/checks.ts';

const INTERRUPTED = 130;
const root = path.resolve(import.meta.dirname, '..');

process.exitCode = await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<number> {
  const checks = await runChecks(root);
  if (!checks) return interrupted();
  const tests = await runVitest(root, args);
  if (!tests) return interrupted();
  const failed = checks.failed + tests.failed;
  console.log(closingLine({ passed: checks.passed + tests.passed, failed, skipped: tests.skipped }));
  return failed > 0 ? 1 : 0;
}

function interrupted(): number {
  console.error('Interrupted: there is no result.');
  return INTERRUPTED;
}
