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

test('credits are written as numbers', () => {
  expect(changedFields({ balance: 10n }, { balance: 15n })).toEqual({
    before: { balance: 10 },
    after: { balance: 15 },
  });
  expect(changedFields({ balance: 10n }, { balance: 10 })).toEqual({ before: {}, after: {} });
});
