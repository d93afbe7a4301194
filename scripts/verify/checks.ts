import { type CheckOutcome, runTurbo } from './turbo-run.ts';

/** The checks that need no database: what is run for each, and what a person calls it. */
const CHECKS: Readonly<Record<string, string>> = {
  'check:format': 'format',
  'check:lint': 'lint',
  'check:types': 'types',
  'check:arrows': 'house rules',
  'check:supply-chain': 'supply chain',
  'check:deadcode': 'dead code',
  'check:generated': 'generated files',
};

/** How many checks passed and failed. */
export type CheckCounts = { readonly passed: number; readonly failed: number };

/** Runs every check and prints a line for each, and the whole output of those that fail; null when interrupted. */
export async function runChecks(root: string): Promise<CheckCounts | null> {
  const outcomes = await runTurbo(root, Object.keys(CHECKS));
  if (!outcomes) return null;
  const inOrder = Object.keys(CHECKS).flatMap((name) => outcomes.filter((outcome) => outcome.name === name));
  for (const outcome of inOrder) console.log(lineOf(outcome));
  const failed = inOrder.filter((outcome) => !outcome.passed);
  for (const { name, output } of failed) console.log(`\n── ${CHECKS[name]} ──\n${output}\n`);
  return { passed: inOrder.length - failed.length, failed: failed.length };
}

function lineOf({ name, passed, cached, durationMs }: CheckOutcome): string {
  const time = cached ? 'unchanged' : `${(durationMs / 1000).toFixed(1)} s`;
  return `${passed ? 'ok  ' : 'FAIL'}  ${(CHECKS[name] ?? name).padEnd(16)} ${time}`;
}
