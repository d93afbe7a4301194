import { Forbidden } from '@morket/contract/errors';
import { TRPCError } from '@trpc/server';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { domainErrorOf, invalidInput } from './errors.ts';

/** What zod says about an input that it refuses. */
function refusalOf(schema: z.ZodType, input: unknown): z.ZodError {
  const { error } = schema.safeParse(input);
  if (!error) throw new Error('the input was taken');
  return error;
}

describe('validation failures stay small', () => {
  test('two hundred thousand wrong items are twenty issues and a number', () => {
    const wrong = Array.from({ length: 200_000 }, () => 'x');
    const failure = invalidInput(refusalOf(z.array(z.int()), wrong));
    expect(failure.details).toMatchObject({ omittedIssues: 199_980 });
    expect(failure.details.issues).toHaveLength(20);
    expect(JSON.stringify(failure.details).length).toBeLessThan(4_000);
  });

  test('a path made of long keys is cut', () => {
    const keys = Array.from({ length: 30 }, (_, index) => `${index}`.repeat(5_000));
    const input = Object.fromEntries(keys.map((key) => [key, 1]));
    const failure = invalidInput(refusalOf(z.record(z.string(), z.string()), input));
    expect(JSON.stringify(failure.details).length).toBeLessThan(12_000);
  });

  test('a message that names every stray key is cut', () => {
    const input = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`stray-${index}`, 1]));
    const failure = invalidInput(refusalOf(z.strictObject({}), input));
    expect(JSON.stringify(failure.details).length).toBeLessThan(1_000);
    expect(failure.message.length).toBeLessThan(1_000);
  });

  test('nothing of a refused value is said back', () => {
    const schema = z.object({ email: z.email(), role: z.enum(['a', 'b']), count: z.int() });
    const failure = invalidInput(refusalOf(schema, { email: 'canary', role: 'canary', count: 'canary' }));
    expect(JSON.stringify([failure.details, failure.message])).not.toContain('canary');
  });
});

describe('whatever nobody foresaw is server.internal and says nothing', () => {
  const secret = 'connection to postgres://morket:hunter2@db refused';
  test.each([
    ['an Error', new Error(secret)],
    ['text', secret],
    ['null', null],
    ['undefined', undefined],
    ['an object', { message: secret, statusCode: 418, code: 'access.forbidden' }],
    ['an error of tRPC around another one', new TRPCError({ code: 'INTERNAL_SERVER_ERROR', cause: new Error(secret) })],
    ['an error of tRPC with a message', new TRPCError({ code: 'CONFLICT', message: secret })],
    ['a 400 around a fault', new TRPCError({ code: 'BAD_REQUEST', message: secret, cause: new Error(secret) })],
  ])('%s', (_, err) => {
    const failure = domainErrorOf(err);
    expect(failure.code).toBe('server.internal');
    expect(JSON.stringify([failure.message, failure.details])).not.toContain('hunter2');
  });

  test.each([
    ['a 400', new TRPCError({ code: 'BAD_REQUEST', message: secret }), 'request.malformed'],
    ['an unread body', new TRPCError({ code: 'BAD_REQUEST', cause: new SyntaxError(secret) }), 'request.malformed'],
    ['unread parameters', new TRPCError({ code: 'PARSE_ERROR', cause: new Error(secret) }), 'request.malformed'],
    ['a 415', new TRPCError({ code: 'UNSUPPORTED_MEDIA_TYPE', message: secret }), 'request.unsupported_media_type'],
  ])('what tRPC refuses is no fault of ours: %s', (_, err, code) => {
    const failure = domainErrorOf(err);
    expect(failure.code).toBe(code);
    expect(JSON.stringify([failure.message, failure.details])).not.toContain('hunter2');
  });

  test('a failure of the catalogue stays itself, also inside an error of tRPC', () => {
    const failure = Forbidden({});
    expect(domainErrorOf(failure)).toBe(failure);
    expect(domainErrorOf(new TRPCError({ code: 'CONFLICT', cause: failure }))).toBe(failure);
  });
});
