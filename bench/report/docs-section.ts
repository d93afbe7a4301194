import { summaryOf } from './finding.ts';
import type { Results } from './results.ts';
import { markdownTable } from './table.ts';

const BEGIN = '<!-- written by `npm run bench -- --write-docs`: edits are overwritten -->';
const END = '<!-- end -->';

/** The part of docs/performance.md that a run writes. */
export function renderSection(results: Results | null): string {
  if (results === null) return 'No run has been published yet.';
  const { startedAt, machine, findings } = results;
  const about = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  const parts = results.suites.flatMap((suite) => [
    `### ${suite}`,
    markdownTable(findings.filter((finding) => finding.suite === suite)),
  ]);
  return [`${startedAt.slice(0, 10)}; ${about.join(', ')}.`, ...parts, summaryOf(findings)].join('\n\n');
}

/** The document with another body between its two marks. Throws when it does not have both, once each. */
export function replaceSection(document: string, body: string): string {
  const [before, rest, ...more] = document.split(BEGIN);
  const [old, after, ...others] = rest?.split(END) ?? [];
  const isMarked = before !== undefined && old !== undefined && after !== undefined;
  if (!isMarked || more.length > 0 || others.length > 0)
    throw new Error(`Expected "${BEGIN}" and "${END}", once each.`);
  return `${before}${BEGIN}\n\n${body}\n\n${END}${after}`;
}
