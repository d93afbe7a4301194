import { type Finding, verdictOf } from './finding.ts';
import type { Spread } from './statistics.ts';

const HEAD = ['what', 'against', 'result', 'of the rounds', 'by CPU', 'target', 'verdict'] as const;

/** Two digits that matter below ten, whole numbers above a hundred. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const within = (unit: Finding['unit'], value: number): string =>
  unit === '/s' ? `${formatNumber(value)}/s` : `${formatNumber(value)} ${unit}`;

const rangeOf = ({ min, max }: Spread): string => `${formatNumber(min)} – ${formatNumber(max)}`;

function targetOf({ target, unit }: Finding): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `≥ ${target.atLeast} ${unit}` : `≤ ${target.atMost} ${unit}`;
}

function cellsOf(finding: Finding): string[] {
  const { what, against, unit, value, byCpu, note } = finding;
  return [
    value !== null && note !== undefined ? `${what} (${note})` : what,
    against ?? '–',
    value === null ? (note ?? 'not measured') : within(unit, value.median),
    value === null ? '' : rangeOf(value),
    byCpu === undefined ? '' : within('×', byCpu.median),
    targetOf(finding),
    verdictOf(finding),
  ];
}

/** The findings as aligned columns, for a terminal. */
export function textTable(findings: readonly Finding[]): string {
  const rows = [[...HEAD], ...findings.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return lines.toSpliced(1, 0, rule).join('\n');
}

/** The findings as a Markdown table. */
export function markdownTable(findings: readonly Finding[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(HEAD), line(HEAD.map(() => '---')), ...findings.map((finding) => line(cellsOf(finding)))].join('\n');
}
