import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slugOf } from './slug.model.ts';

/** Invariant: a slug is a DNS label: small ASCII letters, digits and single hyphens inside, 1 to 48 of them. */
test('every name has a slug that can stand in a URL', () => {
  const name = fc.string({
    unit: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), fc.constantFrom('-', ' ', 'A', 'é')),
  });
  fc.assert(
    fc.property(name, (given) => {
      const slug = slugOf(given);
      expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(slug.length).toBeLessThanOrEqual(48);
      expect(slugOf(slug)).toBe(slug);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['Analytical Engines', 'analytical-engines'],
  ['Café Müller & Söhne', 'cafe-muller-sohne'],
  ['  --  ', 'workspace'],
  ['日本', 'workspace'],
  [`${'a'.repeat(47)} b`, 'a'.repeat(47)],
])('%s', (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});
