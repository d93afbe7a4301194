import { LoginInput, RegisterInput } from '@morket/contract/auth';
import { describe, expect, test } from 'vitest';

/** Combining marks in an order that makes normalising quadratic: 240 KB of them take seconds. */
const hostile = `a${'\u0301'.repeat(60_000)}${'\u0316'.repeat(60_000)}`;
const good = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' };

describe('what is too long is refused before anything works on it', () => {
  test.each([
    ['a password being chosen', RegisterInput, { ...good, password: hostile }],
    ['a password being presented', LoginInput, { ...good, password: hostile }],
    ['an address', LoginInput, { ...good, email: hostile }],
    ['a name', RegisterInput, { ...good, name: hostile }],
  ])('%s', (_, schema, input) => {
    const startedAt = performance.now();
    expect(schema.safeParse(input).success).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });
});
