import { describe, expect, test } from 'vitest';
import { refusalOf } from './blocklist.model.ts';

const context = ['ada.quilloway@example.com', 'Ada Quilloway'];

describe('refused', () => {
  test.each([
    ['a common one', 'password', 'too_common'],
    ['a common one in capitals', 'PASSWORD', 'too_common'],
    ['a common row of digits', '1234567890', 'too_common'],
    ['one sign over and over', 'zzzzzzzzzzzz', 'too_common'],
    ['one emoji over and over', '🦉🦉🦉🦉', 'too_common'],
    ['the product', 'morket', 'contains_context'],
    ['the product with a year', 'Morket2026!', 'contains_context'],
    ['the address', 'ada.quilloway@example.com', 'contains_context'],
    ['the local part of the address', 'quilloway', 'contains_context'],
    ['the name in other letters', 'QUILLOWAY', 'contains_context'],
    ['the name with digits around it', '123quilloway99', 'contains_context'],
    ['the domain', 'example1', 'contains_context'],
  ])('%s', (_, password, reason) => {
    expect(refusalOf(password, context)).toBe(reason);
  });
});

describe('accepted', () => {
  test.each([
    ['four words', 'correct horse battery staple'],
    ['a word of the context inside a longer one', 'quilloway walks her turtle'],
    ['letters at random', 'xq7-vbn2-plk9'],
    ['a password in Greek', 'τέσσερις λέξεις'],
  ])('%s', (_, password) => {
    expect(refusalOf(password, context)).toBeNull();
  });

  test('a context word of three letters refuses nothing: it would do so by chance', () => {
    expect(refusalOf('ada12345678', ['ada@al.io', 'Ada'])).toBeNull();
  });
});
