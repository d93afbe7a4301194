import { expect, test } from 'vitest';
import { patternsFor, unknownPatterns } from './filter.model.ts';

const NAMES = ['billing.debited', 'workspace.updated', 'webhook.endpoint_disabled'];

test('an event matches its name, its domain and everything, and nothing that merely begins alike', () => {
  expect(patternsFor('billing.debited')).toEqual(['*', 'billing.*', 'billing.debited']);
});

test('patterns are held against the catalogue', () => {
  expect(unknownPatterns(['*', 'billing.*', 'workspace.updated'], NAMES)).toEqual([]);
  expect(unknownPatterns(['billing.debit', 'bill.*', 'nothing.*', 'billing.debited'], NAMES)).toEqual([
    'billing.debit',
    'bill.*',
    'nothing.*',
  ]);
});

test('what happens to webhooks, or to somebody’s account, cannot be asked for', () => {
  expect(unknownPatterns(['auth.*', 'auth.signed_in'], [...NAMES, 'auth.signed_in'])).toHaveLength(2);
  expect(unknownPatterns(['webhook.*', 'webhook.endpoint_disabled'], NAMES)).toEqual([
    'webhook.*',
    'webhook.endpoint_disabled',
  ]);
});
