import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runChild } from '../bootstrap/run-child.mjs';
import { countTests, type TestCounts, type VitestReport } from './count.ts';

/**
 * Runs the tests, which print as they go, and counts them. `args` are vitest's own: file name filters and options.
 * Null when the run was interrupted, for then nothing is known.
 */
export async function runVitest(root: string, args: readonly string[]): Promise<TestCounts | null> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'morket-test-'));
  try {
    const reportFile = path.join(folder, 'report.json');
    const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
    const { exitCode, interrupted } = await runChild(
      process.execPath,
      [vitest, 'run', '--config', 'vitest.workspace.ts', ...reporters, ...args],
      { cwd: root, env: { ...process.env, ...testServer(process.env) } },
    );
    return interrupted ? null : countTests(await readReport(reportFile), exitCode);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Like `npm start`, the tests use the server of `DATABASE_URL` where it is set, each file in databases of its own. */
function testServer({ TEST_DATABASE_URL, DATABASE_URL }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return TEST_DATABASE_URL || !DATABASE_URL ? {} : { TEST_DATABASE_URL: DATABASE_URL };
}

async function readReport(file: string): Promise<VitestReport | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as VitestReport; // Written by the pinned version.
  } catch {
    return null;
  }
}
