import { expect, test } from 'vitest';
import { parsePgbench } from './pgbench-output.ts';

const OUTPUT = `pgbench (15.19 (Debian 15.19-0+deb12u1), server 18.4)
transaction type: /tmp/debit.sql
scaling factor: 1
query mode: prepared
number of clients: 8
number of threads: 2
maximum number of tries: 1
duration: 1 s
number of transactions actually processed: 1049
number of failed transactions: 0 (0.000%)
latency average = 7.620 ms
initial connection time = 9.513 ms
tps = 1049.864372 (without initial connection time)
`;

test('rate and mean latency are read', () => {
  expect(parsePgbench(OUTPUT)).toEqual({ perSecond: 1049.864372, meanMs: 7.62 });
});

test('older versions count no failures', () => {
  expect(parsePgbench(OUTPUT.replace(/number of failed.*\n/, '')).perSecond).toBeGreaterThan(1_000);
});

test.each([
  ['a failed transaction', OUTPUT.replace('failed transactions: 0', 'failed transactions: 3')],
  ['nothing done', OUTPUT.replace(/tps = .*/, 'tps = 0.000000')],
  ['something else', 'pgbench: error: connection refused'],
])('%s is no result', (_, output) => {
  expect(() => parsePgbench(output)).toThrow('pgbench');
});
