import { TRPCClientError } from '@trpc/client';
import { expect, expectTypeOf, test } from 'vitest';
import { createMorket, isMorketError, type MorketError, safe } from '../src/index.ts';
import { Refusal } from './fake-api.ts';
import { aSignedInClient } from './signed-in-client.ts';

const debit = { amount: 9, description: 'Lookup', idempotencyKey: 'run-2041-lookup' };

async function refusedDebit() {
  const client = await aSignedInClient(
    {},
    {
      'billing.debit': () => {
        throw new Refusal(402, 'billing.insufficient_credits', { required: 9, available: 4 });
      },
    },
  );
  return client.morket.billing.debit.mutate(debit).catch((err: unknown) => err);
}

test('a refusal carries code, status, request id and details', async () => {
  const error = await refusedDebit();
  expect(error).toMatchObject({
    name: 'MorketError',
    message: 'refused: billing.insufficient_credits',
    code: 'billing.insufficient_credits',
    status: 402,
    requestId: 'req-1',
    details: { required: 9, available: 4 },
    retryable: false,
    retryAfterMs: null,
  });
});

test('isMorketError narrows by code, and only for that code', async () => {
  const error = await refusedDebit();
  expect(isMorketError(error)).toBe(true);
  expect(isMorketError(error, 'auth.email_taken')).toBe(false);
  expect(isMorketError(new Error('x'))).toBe(false);
  expect(isMorketError(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe(false);
  if (!isMorketError(error, 'billing.insufficient_credits')) throw new Error('not narrowed');
  expectTypeOf(error.details).toEqualTypeOf<{ readonly required: number; readonly available: number }>();
  expect(error.details.available).toBe(4);
});

test('a switch over the code narrows the details too', () => {
  const name = (error: unknown) => {
    if (!isMorketError(error)) return null;
    switch (error.code) {
      case 'workspace.role_too_high':
        return error.details.ownRole;
      case 'client.timeout':
        return error.details.timeoutMs;
      default:
        return null;
    }
  };
  expectTypeOf(name).returns.toEqualTypeOf<
    'owner' | 'admin' | 'manager' | 'member' | 'viewer' | 'support' | number | null
  >();
  // @ts-expect-error: the union of codes is closed
  expect(isMorketError(new Error('x'), 'billing.no_such_code')).toBe(false);
});

test('it is a TRPCClientError with the shape the API sent, for code that knows tRPC', async () => {
  const error = await refusedDebit();
  expect(error).toBeInstanceOf(TRPCClientError);
  expect((error as MorketError).data?.errorCode).toBe('billing.insufficient_credits');
});

test('safe yields data or error, and throws on what is no MorketError', async () => {
  const { morket } = await aSignedInClient();
  const good = await morket.safe(morket.auth.me.query());
  if (good.error) throw good.error;
  expectTypeOf(good.data.name).toEqualTypeOf<string>();
  expect(good).toMatchObject({ data: { name: 'Ada' }, error: null });

  const bad = await morket.safe(morket.workspace.list.query({}));
  expect(bad).toMatchObject({ data: null, error: { code: 'request.not_found', status: 404 } });
  await expect(safe(Promise.reject(new RangeError('mine')))).rejects.toThrow(RangeError);
});

test('an unreachable server is client.connection with the cause', async () => {
  const cause = new TypeError('fetch failed');
  const morket = createMorket({ url: 'http://api.test', maxRetries: 0, fetch: () => Promise.reject(cause) });
  await expect(morket.health.live.query()).rejects.toMatchObject({
    code: 'client.connection',
    status: null,
    retryable: true,
    cause,
  });
});

test.each([
  ['a page of HTML', '<html>', 200],
  ['JSON of another kind', '{"ok":true}', 404],
  ['an error of another tRPC server', '{"error":{"json":{"message":"no","code":-32000,"data":{}}}}', 500],
  ['JSON null', 'null', 502],
  ['data that is no superjson', '{"result":{"data":null}}', 200],
])('%s is client.unexpected_answer with its status', async (_name, text, status) => {
  const fetch = async () => new Response(text, { status, headers: { 'x-request-id': 'req-9' } });
  const morket = createMorket({ url: 'http://api.test', maxRetries: 0, fetch });
  await expect(morket.health.live.query()).rejects.toMatchObject({
    code: 'client.unexpected_answer',
    status,
    requestId: 'req-9',
    retryable: status >= 500,
  });
});
