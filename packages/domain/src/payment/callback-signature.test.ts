import { CallbackRefused } from '@morket/contract/billing';
import { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { requireSecrets, signCallback, verifyCallback } from './callback-signature.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const SECRET = 'whsec_current';
const body = Buffer.from('{"id":"evt_1","text":"•••• ü"}');
const verify = (header: string | undefined, options: { secrets?: string[]; nowMs?: number; body?: Buffer } = {}) =>
  verifyCallback(header, options.body ?? body, { secrets: options.secrets ?? [SECRET], nowMs: options.nowMs ?? NOW });
const reasonOf = (work: () => void): unknown => {
  try {
    work();
  } catch (err) {
    if (CallbackRefused.is(err)) return err.details.reason;
    throw err;
  }
  return 'accepted';
};

describe('Stripe signs as we verify, and verifies what we sign', () => {
  test('a header made by the official package', () => {
    const timestamp = Math.floor(NOW / 1_000);
    const header = Stripe.webhooks.generateTestHeaderString({ payload: body.toString(), secret: SECRET, timestamp });
    expect(reasonOf(() => verify(header))).toBe('accepted');
  });

  test('the official package accepts ours', () => {
    const header = signCallback(body, SECRET, NOW);
    expect(Stripe.webhooks.constructEvent(body, header, SECRET, 300, undefined, NOW).id).toBe('evt_1');
  });
});

test('each of two secrets, and each of two signatures, is enough', () => {
  const signed = signCallback(body, SECRET, NOW);
  const other = signCallback(body, 'whsec_next', NOW).replace(/^t=\d+,/, '');
  expect(reasonOf(() => verify(signed, { secrets: ['whsec_next', SECRET] }))).toBe('accepted');
  expect(reasonOf(() => verify(`${signed},${other}`, { secrets: ['whsec_next'] }))).toBe('accepted');
  expect(reasonOf(() => verify(signed, { secrets: ['whsec_next'] }))).toBe('bad_signature');
});

test.each([
  ['300 s ago', 300_000, 'accepted'],
  ['301 s ago', 301_000, 'too_old'],
  ['300 s ahead', -300_000, 'accepted'],
  ['301 s ahead', -301_000, 'too_old'],
])('signed %s: %s', (_, ageMs, expected) => {
  expect(reasonOf(() => verify(signCallback(body, SECRET, NOW - ageMs)))).toBe(expected);
});

test('an old time does not tell whether the signature was good', () => {
  expect(reasonOf(() => verify(signCallback(body, 'whsec_forged', NOW - 600_000)))).toBe('bad_signature');
});

const good = signCallback(body, SECRET, NOW);
test.each([
  ['no header', undefined, 'missing_signature'],
  ['an empty header', '', 'missing_signature'],
  ['no time', good.replace(/^t=\d+,/, ''), 'malformed'],
  ['two times', `t=1,${good}`, 'malformed'],
  ['a time that is no number', good.replace(/^t=\d+/, 't=1e9'), 'malformed'],
  ['no signature of the scheme', good.replace('v1=', 'v0='), 'malformed'],
  ['a signature that is cut', good.slice(0, -1), 'malformed'],
  ['a header without end', `${good},${'v1=0,'.repeat(1_000)}`, 'malformed'],
  ['another body', signCallback(Buffer.from('{}'), SECRET, NOW), 'bad_signature'],
])('%s is refused', (_, header, expected) => {
  expect(reasonOf(() => verify(header))).toBe(expected);
});

test.each([[[]], [['']], [['whsec_good', '  ']]])('secrets %j are no secrets', (secrets) => {
  expect(() => requireSecrets(secrets)).toThrow('none of them may be empty');
});
