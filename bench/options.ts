import type { SuiteName } from './report/finding.ts';

const SUITES: readonly SuiteName[] = ['transport', 'ledger', 'events', 'webhooks', 'jobs', 'realtime'];

export type Options = {
  readonly suites: readonly SuiteName[];
  /** One quick round, to see that everything runs; its numbers are not worth much. */
  readonly short: boolean;
  /** Measures nothing: publishes the last whole run in docs/performance.md. */
  readonly writeDocs: boolean;
};

export const USAGE = `npm run bench [-- <${SUITES.join('|')}>…] [--short] | npm run bench -- --write-docs`;

/** Null for arguments it does not know; every suite unless some are named. */
export function parseOptions(args: readonly string[]): Options | null {
  const flags = args.filter((arg) => arg.startsWith('-'));
  const names = args.filter((arg) => !arg.startsWith('-'));
  if (flags.some((flag) => flag !== '--short' && flag !== '--write-docs')) return null;
  if (!names.every((name) => SUITES.some((suite) => suite === name))) return null;
  return {
    suites: names.length === 0 ? SUITES : SUITES.filter((suite) => names.includes(suite)),
    short: flags.includes('--short'),
    writeDocs: flags.includes('--write-docs'),
  };
}
