import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedFields } from './changes.model.ts';

const value = fc.oneof(fc.string({ maxLength: 5 }), fc.integer(), fc.boolean(), fc.constant(null));
const fields = fc.dictionary(fc.constantFrom('name', 'role', 'balance', 'email', 'limit'), value);

/** Invariant: exactly the fields that differ are written down, each with the value it had on its side. */
test('the changes are the difference', () => {
  fc.assert(
    fc.property(fields, fields, (before, after) => {
      const changes = changedFields(before, after);
      const names = new Set([...Object.keys(before), ...Object.keys(after)]);
      for (const name of names) {
        const differs = JSON.stringify(before[name]) !== JSON.stringify(after[name]);
        expect(name in changes.before).toBe(differs && name in before);
        expect(name in changes.after).toBe(differs && name in after);
        if (name in changes.before) expect(changes.before[name]).toBe(before[name]);
        if (name in changes.after) expect(changes.after[name]).toBe(after[name]);
      }
    }),
    { numRuns: 300 },
  );
});

const secretName = fc.constantFrom(
  'password',
  'passwordHash',
  'newPassword',
  'secret',
  'accessToken',
  'keySalt',
  'sealedKey',
  'cipherText',
  'key',
  'apiKey',
);

/** Invariant: the value of a field that is named like a secret never appears, only that it changed. */
test('a secret says only that it changed', () => {
  fc.assert(
    fc.property(secretName, fc.uuid(), fc.uuid(), (name, before, after) => {
      fc.pre(before !== after);
      const text = JSON.stringify(changedFields({ [name]: before }, { [name]: after }));
      expect(text).not.toContain(before);
      expect(text).not.toContain(after);
      expect(text).toContain('[redacted]');
    }),
  );
});

/** Puts a value in a field, under these names and lists from the inside out. */
const within = (name: string, value: unknown, path: readonly string[]) =>
  path.reduce<Record<string, unknown>>((inner, outer) => ({ [outer]: outer === 'items' ? [1, inner] : inner }), {
    [name]: value,
  });
const path = fc.array(fc.constantFrom('settings', 'items', 'name', 'after'), { minLength: 1, maxLength: 40 });

/** Invariant: so it is however deep the field stands, in objects and lists, and beside others. */
test('a secret inside a field says only that it changed', () => {
  fc.assert(
    fc.property(secretName, fc.uuid(), fc.uuid(), path, (name, before, after, names) => {
      fc.pre(before !== after);
      const changes = changedFields(within(name, before, names), within(name, after, names));
      const text = JSON.stringify(changes);
      expect(text).not.toContain(before);
      expect(text).not.toContain(after);
      expect(text).toContain('[redacted]');
    }),
    { numRuns: 300 },
  );
});

test('what stands beside a secret is written down as it is, and what nests without end is cut', () => {
  const at = new Date(0);
  const before = { config: { url: 'a', token: 't', limits: [1n, { at, none: null }] } };
  const after = { config: { url: 'b', token: 't', limits: [1n, { at, none: null }] } };
  expect(changedFields(before, after).after).toEqual({
    config: { url: 'b', token: '[redacted]', limits: [1, { at: at.toISOString(), none: null }] },
  });
  const deep = within(
    'name',
    'y',
    Array.from({ length: 100 }, () => 'level'),
  );
  expect(JSON.stringify(changedFields({}, deep))).toContain('[redacted]');
});

test('credits are written as numbers', () => {
  expect(changedFields({ balance: 10n }, { balance: 15n })).toEqual({
    before: { balance: 10 },
    after: { balance: 15 },
  });
  expect(changedFields({ balance: 10n }, { balance: 10 })).toEqual({ before: {}, after: {} });
});
