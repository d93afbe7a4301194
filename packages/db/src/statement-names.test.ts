import { expect, test } from 'vitest';
import { createStatementNames } from './statement-names.ts';

test('a text has one name, and another text another one', () => {
  const nameOf = createStatementNames();
  const [one, two] = [nameOf({ sql: 'select 1' }), nameOf({ sql: 'select 2' })];
  expect(one).toMatch(/^morket_[0-9a-f]{16}$/);
  expect(two).not.toBe(one);
  expect(nameOf({ sql: 'select 1' })).toBe(one);
});

test('there are two hundred names at most, and the first ones keep theirs', () => {
  const nameOf = createStatementNames();
  const names = Array.from({ length: 300 }, (_, index) => nameOf({ sql: `select ${index}` }));
  expect(new Set(names.filter((name) => name !== '')).size).toBe(200);
  expect(names.slice(200).every((name) => name === '')).toBe(true);
  expect(nameOf({ sql: 'select 0' })).toBe(names[0]);
});
