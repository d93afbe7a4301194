import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scrub } from './scrub.ts';

const CANARY = 'canary-5f1c0aa97be24d';

describe('a field that is named like a secret', () => {
  test.each([
    'password',
    'currentPassword',
    'newPassword',
    'passwordHash',
    'secret',
    'clientSecret',
    'JWT_SECRET',
    'token',
    'accessToken',
    'refresh_token',
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'apiKey',
    'api_key',
    'X-Api-Key',
    'ENCRYPTION_MASTER_KEY',
    'key',
    'idempotencyKey',
    'idempotency-key',
  ])('%s', (name) => {
    const line = JSON.stringify({ level: 'info', deep: [{ body: { [name]: CANARY } }], msg: 'x' });
    const scrubbed = scrub(line);
    expect(scrubbed).not.toContain(CANARY);
    expect(JSON.parse(scrubbed)).toEqual({ level: 'info', deep: [{ body: { [name]: '[redacted]' } }], msg: 'x' });
  });

  test('with quotes and backslashes in its value', () => {
    for (const value of [`a"${CANARY}`, `a\\"${CANARY}`, `a\\\\"${CANARY}`, `\n"}${CANARY}`, `\\${CANARY}`]) {
      const scrubbed = scrub(JSON.stringify({ password: value, after: 'kept' }));
      expect(scrubbed).not.toContain(CANARY);
      expect(JSON.parse(scrubbed)).toEqual({ password: '[redacted]', after: 'kept' });
    }
  });
});

describe('a value that is a secret wherever it stands', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTlhYTJjNCJ9.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
  const refresh = 'v1.AZqixH0OfMOYpT9rjh0qQAAAAAB9Ns2kS3mE1fQxk0aV7bGJABCDEF';
  const bcrypt = '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW';
  test.each([
    ['an access token', jwt, jwt],
    ['a refresh token', refresh, refresh],
    ['a bearer header', 'Bearer abcdefghijklmnop', 'abcdefghijklmnop'],
    ['a bearer header in small letters', 'bearer  abcdefghijklmnop==', 'abcdefghijklmnop'],
    ['a live provider key', 'hk_live_51f0c3a97be24d', '51f0c3a97be24d'],
    ['a test provider key', 'sk-test-51f0c3a97be24d', '51f0c3a97be24d'],
    ['an API key', `mk_live_${'a1B2'.repeat(12)}c`, 'a1B2'],
    ['an API key behind another word', `key_mk_live_${'a1B2'.repeat(12)}c`, 'a1B2'],
    ['an API key in an address', `mk%5Flive%5f${'a1B2'.repeat(12)}c`, 'a1B2'],
    ['a provider key without a mode', 'sk_51f0c3a97be24d', '51f0c3a97be24d'],
    ['the password of a database', 'postgres://morket:s3cr3t-p4ss@db.example:5432/morket', 's3cr3t-p4ss'],
    ['the password of a database, long form', 'postgresql://morket:s3cr3t-p4ss@db/morket', 's3cr3t-p4ss'],
    ['the password of Redis', 'rediss://:s3cr3t-p4ss@cache:6380', 's3cr3t-p4ss'],
    ['a password hash', bcrypt, 'R9h/cIPz0gi'],
  ])('%s', (_, text, secret) => {
    for (const line of [
      { msg: `it failed with ${text}, sadly` },
      { err: { message: text, stack: `Error: ${text}\n    at x` } },
      { list: [text] },
    ]) {
      const scrubbed = scrub(JSON.stringify(line));
      expect(scrubbed).not.toContain(secret);
      expect(scrubbed).toContain('[redacted]');
      expect(() => JSON.parse(scrubbed)).not.toThrow();
    }
  });

  test('the rest of a database’s address stays', () => {
    expect(scrub('"postgres://morket:s3cr3t@db.example:5432/morket"')).toBe(
      '"postgres://morket:[redacted]@db.example:5432/morket"',
    );
  });
});

test('what is no secret stays as it is', () => {
  for (const line of [
    { method: 'GET', path: '/api/v1/workspaces/019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40/credentials', statusCode: 200 },
    { apiKeyId: '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40', keyPrefix: 'mk_live_3kV9' },
    { monkey: 'banana', keyboard: 'qwertz', keyVersion: '2', providerName: 'hunter' },
    { msg: 'v1.2.3 is out', url: 'https://example.com/a?b=c' },
    { err: { type: 'DomainError', message: 'This password is on the list of the most common ones.' } },
    { db: 'postgres://morket@db/morket' },
  ]) {
    expect(scrub(JSON.stringify(line))).toBe(JSON.stringify(line));
  }
});

/** Invariant: a line of JSON is a line of JSON afterwards, with the same fields, whatever it holds. */
test('scrubbing breaks no line', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.string(), (value, password) => {
      const line = JSON.stringify({ value, password });
      const scrubbed: unknown = JSON.parse(scrub(line));
      expect(scrubbed).toHaveProperty('value');
      expect(scrubbed).toHaveProperty('password', '[redacted]');
      expect(scrub(scrub(line))).toBe(scrub(line));
    }),
    { numRuns: 500 },
  );
});

test('a hostile line holds up nobody', () => {
  // As long as the longest URL a request may have.
  const length = 16_384;
  const bestTimeOf = (text: string) => {
    const times = Array.from({ length: 5 }, () => {
      const begun = performance.now();
      scrub(`{"path":"/${text}"}`);
      return performance.now() - begun;
    });
    return Math.min(...times);
  };
  for (const part of [
    'eyJ',
    'eyJaaaaaaaaa.',
    'v1.',
    'Bearer ',
    'sk-',
    'postgres://a:',
    '"key":"',
    '\\"',
    '$2b$12$',
    'passwordpassword',
    'a-',
    'mk_live_',
    'mk%5f',
  ]) {
    expect(bestTimeOf(part.repeat(Math.ceil(length / part.length)).slice(0, length)), part).toBeLessThan(40);
  }
});
