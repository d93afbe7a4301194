import type { Views } from './views.ts';

/** `once` of Node's events takes no database. */
const OPENS = /\.\s*transaction\s*(?:<[^>()]*>)?\(|(?<![\w$.]|function )once\s*(?:<[^>()]*>)?\(\s*(?:deps\.)?db\b/g;
const RECORDS = /(?<![\w$])record(?:In)?\s*\(/;
const EXEMPTION = /\/\/ no record: \S/;

/**
 * Offsets at which a domain file opens a transaction, itself or by `once`, that nothing records: the file calls neither `record` nor
 * `recordIn`, and no line directly above the statement says `// no record: <why>`.
 */
export function unrecordedTransactions(text: string, views: Views): number[] {
  if (RECORDS.test(views.bare)) return [];
  const lines = text.split('\n');
  return [...views.bare.matchAll(OPENS)]
    .map((match) => match.index)
    .filter((offset) => !isExempt(lines, text.slice(0, offset).split('\n').length - 1));
}

/** A chained call may stand lines below the start of its statement, where the comment goes. */
function isExempt(lines: readonly string[], callLine: number): boolean {
  let start = callLine;
  while (start > 0 && lines[start]?.trimStart().startsWith('.')) start -= 1;
  return EXEMPTION.test(lines[start - 1] ?? '');
}
