import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskKey } from './mask.model.ts';

/** Invariant: a mask shows at most the last four characters of a key, and at most a third of it. */
test('a mask tells at most four characters and a third', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 60 }), (key) => {
      const mask = maskKey(key);
      expect(mask.startsWith('••••')).toBe(true);
      const shown = mask.slice('••••'.length);
      expect(key.endsWith(shown)).toBe(true);
      expect(shown.length).toBeLessThanOrEqual(Math.min(4, key.length / 3));
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['hk_live_51f0c3a97be24d', '••••e24d'],
  ['12345678901', '••••'],
  ['123456789012', '••••9012'],
  ['🦉🦊🐢🦉🦊🐢🦉🦊🐢🦉🦊🐢', '••••🐢🦉🦊🐢'],
])('%s', (key, mask) => {
  expect(maskKey(key)).toBe(mask);
});
