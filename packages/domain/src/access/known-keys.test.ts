import { expect, test } from 'vitest';
import { createKnownKeys } from './known-keys.ts';

test('what was seen is known, under each of its hashes, and nothing else is', () => {
  const known = createKnownKeys({ maxKeys: 3 });
  known.remember('old', 'key');
  known.remember('new', 'key');
  expect(['old', 'new', 'other'].map(known.find)).toEqual(['key', 'key', null]);
});

test('the one unused for longest gives way', () => {
  const known = createKnownKeys({ maxKeys: 2 });
  for (const hash of ['a', 'b', 'a', 'c']) known.remember(hash, `id of ${hash}`);
  expect(['a', 'b', 'c'].map(known.find)).toEqual(['id of a', null, 'id of c']);
});
