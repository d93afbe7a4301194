import type { Source } from '../source-files.ts';
import { arrowViolation } from './arrows.ts';
import { BANS, hasMeaninglessName } from './bans.ts';
import { importsOf, isProduct, isTest, packageOf } from './imports.ts';
import { unrecordedTransactions } from './transactions.ts';
import { viewsOf } from './views.ts';

/** One broken house rule; `line` counts from 1. */
export type Violation = { readonly path: string; readonly line: number; readonly rule: string; readonly why: string };

/** Every house rule that one file breaks, in the order of its lines. */
export function checkSource({ path, text }: Source): Violation[] {
  const views = viewsOf(text);
  const violations: Violation[] = [];
  const report = (offset: number, rule: string, why: string) => {
    violations.push({ path, line: text.slice(0, offset).split('\n').length, rule, why });
  };

  if (hasMeaninglessName(path))
    report(0, 'file-name', 'it says nothing of its content; name it for its one reason to change');
  for (const found of importsOf(path, text, views)) {
    const violation = arrowViolation(path, found);
    if (violation) report(found.offset, violation.rule, violation.why);
    if (isTest(path) && /^(?:node:)?timers\/promises$/.test(found.specifier)) {
      report(found.offset, 'sleeping-test', 'it is slow or flaky; wait with vi.waitFor, an event or a fake clock');
    }
  }
  for (const { rule, pattern, view, where, why } of BANS) {
    if (!where(path)) continue;
    for (const match of views[view].matchAll(pattern)) report(match.index, rule, why);
  }
  if (packageOf(path) === 'domain' && isProduct(path)) {
    for (const offset of unrecordedTransactions(text, views)) {
      report(
        offset,
        'record',
        'a state change is recorded in its transaction; else say `// no record: <why>` above it',
      );
    }
  }
  return violations.sort((a, b) => a.line - b.line);
}
