import { InvalidCredentials } from '@morket/contract/auth';
import { InsufficientCredits } from '@morket/contract/billing';
import { InternalError, MethodNotAllowed, RateLimited, Unauthenticated, Unavailable } from '@morket/contract/errors';
import { expect, test } from 'vitest';
import { failureEnvelope, failureHeaders, failureStatus, successEnvelope } from './envelope.ts';

test('a result is the data; there is no meta', () => {
  expect(successEnvelope({ isPage: false }, { id: 1 })).toEqual({ success: true, data: { id: 1 }, error: null });
  expect(successEnvelope({ isPage: false }, null)).toEqual({ success: true, data: null, error: null });
});

test('the items of a page are the data, the rest is meta', () => {
  const page = { items: ['a'], page: 2, limit: 1, total: 9 };
  expect(successEnvelope({ isPage: true }, page)).toEqual({
    success: true,
    data: ['a'],
    error: null,
    meta: { page: 2, limit: 1, total: 9 },
  });
});

test('dates leave as ISO strings', () => {
  const { data } = JSON.parse(JSON.stringify(successEnvelope({ isPage: false }, { at: new Date(0) })));
  expect(data).toEqual({ at: '1970-01-01T00:00:00.000Z' });
});

test('a failure says code, message, details and request id, and nothing of its cause', () => {
  const failure = InsufficientCredits({ required: 5, available: 2 }, new Error('select from billing_account'));
  expect(failureEnvelope(failure, 'r-1')).toEqual({
    success: false,
    data: null,
    error: {
      code: 'billing.insufficient_credits',
      message: 'This needs 5 credits; 2 are available.',
      details: { required: 5, available: 2 },
      requestId: 'r-1',
    },
  });
  expect(failureStatus(failure)).toBe(402);
});

test('a challenge blames the token only where one was sent', () => {
  const challenge = (failure: Parameters<typeof failureHeaders>[0]) => failureHeaders(failure)['www-authenticate'];
  expect(challenge(Unauthenticated({ reason: 'missing' }))).toBe('Bearer');
  expect(challenge(Unauthenticated({ reason: 'expired' }))).toBe('Bearer error="invalid_token"');
  expect(challenge(InvalidCredentials({}))).toBe('Bearer');
  expect(challenge(InternalError({}))).toBeUndefined();
});

test('waiting times and allowed methods are headers', () => {
  expect(failureHeaders(RateLimited({ policy: 'auth', retryAfterSeconds: 30 }))['retry-after']).toBe('30');
  expect(failureHeaders(Unavailable({ retryAfterSeconds: 2 }))['retry-after']).toBe('2');
  expect(failureHeaders(MethodNotAllowed({ allowed: ['GET', 'HEAD'] })).allow).toBe('GET, HEAD');
  expect(failureHeaders(InternalError({}))).toEqual({ 'cache-control': 'no-store' });
});
