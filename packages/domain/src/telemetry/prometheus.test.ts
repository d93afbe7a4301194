import { parseExposition } from '@morket/testing/exposition';
import { expect, test } from 'vitest';
import { METRICS } from './metrics.ts';
import { createPrometheus } from './prometheus.ts';

function aScrape() {
  const failed: string[] = [];
  const prometheus = createPrometheus({ onReadFailure: (_, name) => void failed.push(name) });
  const scrape = async () => parseExposition((await prometheus.expose()).text);
  const sampled = async (name: string, labels: Record<string, string> = {}) =>
    (await scrape()).find(
      (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    )?.value;
  return { prometheus, scrape, sampled, failed };
}

test('counters count, histograms sort into their buckets', async () => {
  const { prometheus, sampled } = aScrape();
  prometheus.count('morket_jobs_total', { kind: 'export', outcome: 'done' });
  prometheus.count('morket_jobs_total', { kind: 'export', outcome: 'done' }, 2);
  prometheus.observe('morket_http_request_seconds', 0.03, { procedure: 'billing.debit', status: 200 });
  expect(await sampled('morket_jobs_total', { kind: 'export', outcome: 'done' })).toBe(3);
  const labels = { procedure: 'billing.debit', status: '200' };
  expect(await sampled('morket_http_request_seconds_bucket', { ...labels, le: '0.025' })).toBe(0);
  expect(await sampled('morket_http_request_seconds_bucket', { ...labels, le: '0.05' })).toBe(1);
  expect(await sampled('morket_http_request_seconds_sum', labels)).toBe(0.03);
});

test('a gauge is read at each scrape, adds its readers up, and says nothing where nobody reads it', async () => {
  const { prometheus, scrape, sampled } = aScrape();
  let depth = 3;
  prometheus.gauge('morket_ledger_queue', () => [{ labels: {}, value: depth }]);
  prometheus.gauge('morket_ledger_queue', async () => [{ labels: {}, value: 10 }]);
  prometheus.gauge('morket_db_connections', () => [{ labels: { pool: 'points', state: 'idle' }, value: 2 }]);
  expect(await sampled('morket_ledger_queue')).toBe(13);
  depth = 0;
  expect(await sampled('morket_ledger_queue')).toBe(10);
  const names = (await scrape()).map(({ name }) => name);
  expect(names).toContain('morket_db_connections');
  expect(names).not.toContain('morket_outbox_lag_seconds');
});

test('a reader that fails leaves its gauge out, and the others in', async () => {
  const { prometheus, scrape, failed } = aScrape();
  prometheus.gauge('morket_outbox_lag_seconds', () => Promise.reject(new Error('no database')));
  prometheus.gauge('morket_ledger_queue', () => [{ labels: {}, value: 1 }]);
  const names = (await scrape()).map(({ name }) => name);
  expect(names).toContain('morket_ledger_queue');
  expect(names).not.toContain('morket_outbox_lag_seconds');
  expect(failed).toEqual(['morket_outbox_lag_seconds']);
});

test('the process tells of its event loop, its memory and its time', async () => {
  const names = new Set((await aScrape().scrape()).map(({ name }) => name));
  for (const name of [
    'nodejs_eventloop_lag_p99_seconds',
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
  ]) {
    expect(names).toContain(name);
  }
});

test('names follow the conventions: units at the end, counters a total, every one with a help', () => {
  for (const [name, { kind, help, labels }] of Object.entries(METRICS)) {
    expect(name).toMatch(/^morket_[a-z]+(_[a-z]+)*$/);
    expect(help).toMatch(/^[A-Z].{8,}$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
  }
});
