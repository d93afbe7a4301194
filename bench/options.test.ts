import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

const ALL = ['transport', 'ledger', 'events', 'webhooks', 'jobs', 'realtime'];

test.each([
  [[], { suites: ALL, short: false, writeDocs: false }],
  [['--short'], { suites: ALL, short: true, writeDocs: false }],
  [['ledger'], { suites: ['ledger'], short: false, writeDocs: false }],
  [['ledger', '--short', 'transport'], { suites: ['transport', 'ledger'], short: true, writeDocs: false }],
  [['--write-docs'], { suites: ALL, short: false, writeDocs: true }],
])('%j', (args, options) => {
  expect(parseOptions(args)).toEqual(options);
});

test.each([['ledgers'], ['--quick'], ['transport', 'x']])('%j is not understood', (...args) => {
  expect(parseOptions(args)).toBeNull();
});
