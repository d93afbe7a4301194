/** `npm run verify`: every check that needs no database. */
import path from 'node:path';
import { runChecks } from './verify/checks.ts';

const counts = await runChecks(path.resolve(import.meta.dirname, '..'));
if (!counts) process.exitCode = 130;
else {
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}
