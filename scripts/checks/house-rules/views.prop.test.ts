import fc from 'fast-check';
import { expect, test } from 'vitest';
import { viewsOf } from './views.ts';

/** Text that is mostly the characters which change how the next one is read. */
const source = fc.string({ unit: fc.constantFrom(...'`\'"/*\\${}()[]\n =ab1') });
const comment = fc.string({ unit: fc.constantFrom(...'`\'"/\\${}( ab1') }).map((text) => `//${text}`);
const breaks = (text: string) => [...text.matchAll(/\n/g)].map(({ index }) => index);

/** Invariant: whatever the text, each view has its length and its line breaks, so that an offset in one holds in all. */
test('views never shift', () => {
  fc.assert(
    fc.property(source, (text) => {
      for (const view of Object.values(viewsOf(text))) {
        expect(view).toHaveLength(text.length);
        expect(breaks(view)).toEqual(breaks(text));
      }
    }),
    { numRuns: 1_000 },
  );
});

/** Invariant: a character is code or comment or literal; what a view shows of it is the character itself. */
test('views show the text and share nothing that a comment holds', () => {
  fc.assert(
    fc.property(source, (text) => {
      const { code, bare, comments } = viewsOf(text);
      for (const [index, char] of [...text].entries()) {
        expect([char, ' ']).toContain(code[index]);
        if (bare[index] !== ' ') expect(bare[index]).toBe(code[index]);
        if (comments[index]?.trim()) expect(code[index]).toBe(' ');
      }
    }),
    { numRuns: 1_000 },
  );
});

/** Invariant: a line comment hides all of itself and nothing of the next line. */
test('a line comment ends with its line', () => {
  fc.assert(
    fc.property(comment, (text) => {
      const { bare } = viewsOf(`${text}\neval(x);`);
      expect(bare.trim()).toBe('eval(x);');
    }),
  );
});
