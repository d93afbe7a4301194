/** The parts we read of vitest's JSON report. */
export type VitestReport = {
  readonly testResults: readonly {
    readonly status: 'passed' | 'failed';
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

/** Tests by how they ended; `failed` includes what kept tests from running. */
export type TestCounts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/**
 * Counts a finished run so that nothing broken can look whole: a file that does not load counts as one failed test, and
 * so does a run that failed as a whole, left no report, or ran no test.
 */
export function countTests(report: VitestReport | null, exitCode: number): TestCounts {
  const files = report?.testResults ?? [];
  const statuses = files.flatMap((file) => file.assertionResults.map(({ status }) => status));
  const count = (status: string) => statuses.filter((each) => each === status).length;
  const unloaded = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  );
  const [passed, failed] = [count('passed'), count('failed') + unloaded.length];
  const brokeAsAWhole = failed === 0 && (!report || exitCode !== 0 || passed === 0);
  return { passed, failed: brokeAsAWhole ? 1 : failed, skipped: statuses.length - passed - count('failed') };
}

/** The line that closes a run, alone on its line, for people and for programs that read it. */
export function closingLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
