import { expect, test } from 'vitest';
import { z } from 'zod';
import { DomainError, defineError, ERROR_KINDS, Forbidden } from '../errors/index.ts';
import { ERRORS } from './errors.ts';

test('every code is there once and reads domain.what_happened', () => {
  const codes = ERRORS.map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) expect(code).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/);
});

test('every failure has a kind of the table and says what to do about it', () => {
  for (const { kind, remedy } of ERRORS) {
    expect(Object.keys(ERROR_KINDS)).toContain(kind);
    expect(remedy).toMatch(/\S.*\.$/);
  }
});

test('a failure is recognised by its definition alone, and keeps its cause to itself', () => {
  const Broken = defineError('test.broken', {
    kind: 'conflict',
    details: z.object({ pieces: z.int() }),
    message: ({ pieces }) => `It is in ${pieces} pieces.`,
    remedy: 'Glue it.',
  });
  const cause = new Error('the hammer');
  const err = Broken({ pieces: 3 }, cause);
  expect(err).toBeInstanceOf(DomainError);
  expect(err).toMatchObject({
    code: 'test.broken',
    kind: 'conflict',
    message: 'It is in 3 pieces.',
    details: { pieces: 3 },
  });
  expect(err.cause).toBe(cause);
  expect(Broken.is(err)).toBe(true);
  expect(Forbidden.is(err)).toBe(false);
  expect(Broken.is({ code: 'test.broken' })).toBe(false);
});
