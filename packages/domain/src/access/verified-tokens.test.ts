import { expect, test } from 'vitest';
import { createVerifiedTokens } from './verified-tokens.ts';

const claims = (gen: number) => ({ userId: crypto.randomUUID(), sessionId: crypto.randomUUID(), gen });

test('a token is known until it ends, and no longer', () => {
  const verified = createVerifiedTokens({ maxTokens: 2 });
  const its = claims(1);
  verified.remember('a', { claims: its, expiresAtSeconds: 100 });
  expect(verified.find('a', 99)).toBe(its);
  expect(verified.find('b', 99)).toBeNull();
  expect(verified.find('a', 100)).toBeNull();
  expect(verified.find('a', 99), 'forgotten').toBeNull();
});

test('the one unused for longest gives way', () => {
  const verified = createVerifiedTokens({ maxTokens: 2 });
  for (const token of ['a', 'b']) verified.remember(token, { claims: claims(0), expiresAtSeconds: 100 });
  verified.find('a', 0);
  verified.remember('c', { claims: claims(0), expiresAtSeconds: 100 });
  expect(['a', 'b', 'c'].map((token) => verified.find(token, 0) !== null)).toEqual([true, false, true]);
});
