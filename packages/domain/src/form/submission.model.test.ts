import type { FormField } from '@morket/contract/form';
import { describe, expect, test } from 'vitest';
import { type FormRules, readEntries, type Sent, settleSubmission } from './submission.model.ts';

const field = (from: string, more: Partial<FormField> = {}): FormField => ({
  ...{ from, to: from, type: 'text', required: false },
  ...more,
});
const rules = (more: Partial<FormRules> = {}): FormRules => ({
  ...{ allowedOrigins: [], honeypot: null, fields: [] },
  ...more,
});
const sent = (body: string | Uint8Array, more: Partial<Sent> = {}): Sent => ({
  body: typeof body === 'string' ? Buffer.from(body) : body,
  contentType: 'application/x-www-form-urlencoded',
  origin: null,
  isCleared: false,
  ...more,
});
const json = (value: unknown, more: Partial<Sent> = {}): Sent =>
  sent(JSON.stringify(value), { contentType: 'application/json; charset=utf-8', ...more });

describe('reading a body', () => {
  test('a form and JSON say the same', () => {
    const expected = new Map([
      ['name', 'Ada Lovelace'],
      ['topics', 'a, b'],
    ]);
    expect(readEntries(sent('name=Ada+Lovelace&topics=a&topics=b'))).toEqual(expected);
    expect(readEntries(json({ name: 'Ada Lovelace', topics: ['a', 'b'] }))).toEqual(expected);
  });

  test.each([
    ['no JSON', sent('{"a":', { contentType: 'application/json' })],
    ['a list', json([1])],
    ['nothing', sent('', { contentType: 'application/json' })],
    ['no UTF-8', sent(new Uint8Array([0xff, 0xfe]))],
    ['more names than a form has', json(Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`f${n}`, n])))],
  ])('%s is unreadable', (_, given) => {
    expect(readEntries(given)).toBeNull();
    expect(settleSubmission(rules(), given)).toEqual({
      state: 'invalid',
      fields: null,
      problems: [{ field: '', problem: 'the body cannot be read' }],
    });
  });

  test('what is nested is left to the body', () => {
    expect(readEntries(json({ a: 1, b: { c: 2 }, d: [{ e: 3 }], f: null }))).toEqual(new Map([['a', '1']]));
  });
});

describe('the field map', () => {
  test('renames and types, and leaves out what is not named', () => {
    const fields = [
      field('your-email', { to: 'email', type: 'email', required: true }),
      field('seats', { type: 'number' }),
      field('newsletter', { type: 'boolean' }),
      field('site', { type: 'url' }),
      field('start', { type: 'date' }),
      field('tel', { to: 'phone', type: 'phone' }),
      field('never'),
    ];
    const body =
      'your-email=Ada%40Example.com&seats=12&newsletter=on&site=https%3A%2F%2Fx.example&start=2026-02-28&tel=%2B41&extra=1';
    expect(settleSubmission(rules({ fields }), sent(body)).problems).toEqual([
      { field: 'tel', problem: 'is no phone number' },
    ]);
    expect(settleSubmission(rules({ fields }), sent(body.replace('%2B41', '%2B41+44+123+45')))).toEqual({
      state: 'accepted',
      fields: {
        email: 'ada@example.com',
        ...{ seats: 12, newsletter: true, site: 'https://x.example', start: '2026-02-28', phone: '+41 44 123 45' },
      },
      problems: [],
    });
  });

  test.each([
    ['email', 'ada'],
    ['number', '1e999'],
    ['number', 'twelve'],
    ['boolean', 'maybe'],
    ['date', '2026-02-30'],
    ['url', 'javascript:alert(1)'],
    ['phone', 'call me'],
    ['text', 'x'.repeat(10_001)],
    ['text', 'a\u0000b'],
  ] as const)('%s refuses %j', (type, value) => {
    const settled = settleSubmission(rules({ fields: [field('f', { type })] }), json({ f: value }));
    expect(settled).toMatchObject({ state: 'invalid', fields: null, problems: [{ field: 'f' }] });
  });

  test('a field that is required and missing or empty is a problem; one that is not is left out', () => {
    const fields = [field('a', { required: true }), field('b')];
    expect(settleSubmission(rules({ fields }), sent('a=+&b=+')).problems).toEqual([
      { field: 'a', problem: 'is missing' },
    ]);
    expect(settleSubmission(rules({ fields }), sent('a=1&b=')).fields).toEqual({ a: '1' });
  });

  test('without one, plain values stand under their own names, but for the honeypot and __proto__', () => {
    const body = '{"a":1,"trap":"","__proto__":"x"}';
    const given = sent(body, { contentType: 'application/json' });
    expect(settleSubmission(rules({ honeypot: 'trap' }), given).fields).toEqual({ a: '1' });
  });
});

describe('who may send', () => {
  const listed = rules({ allowedOrigins: ['https://a.example'], honeypot: 'website' });

  test('pages on the list may, others and those who name none may not', () => {
    expect(settleSubmission(listed, sent('a=1', { origin: 'https://a.example' })).state).toBe('accepted');
    for (const origin of ['https://b.example', 'https://a.example.evil', 'null', null]) {
      expect(settleSubmission(listed, sent('a=1', { origin })).state).toBe('refused');
    }
  });

  test('whoever fills in the honeypot is a machine', () => {
    const from = { origin: 'https://a.example' };
    expect(settleSubmission(listed, sent('a=1&website=http://spam', from)).state).toBe('spam');
    expect(settleSubmission(listed, sent('a=1&website=', from)).state).toBe('accepted');
  });

  test('what somebody let pass is asked for neither', () => {
    expect(settleSubmission(listed, sent('a=1&website=x', { isCleared: true })).state).toBe('accepted');
  });
});
