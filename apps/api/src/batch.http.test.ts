import { aPerson, createWorld, unique, useWorld, type World } from '@morket/testing';
import { type Answer, send } from '@morket/testing/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const world = useWorld();

const repeated = (path: string, times: number) => Array.from({ length: times }, () => path).join(',');
const inputsOf = (inputs: readonly unknown[]) => Object.fromEntries(inputs.map((input, index) => [index, input]));

type Batch = {
  readonly paths: string;
  readonly inputs?: readonly unknown[];
  readonly token?: string;
  readonly on?: World;
};

const getBatch = ({ paths, inputs = [], token, on = world }: Batch): Promise<Answer> =>
  send(
    on,
    { method: 'GET', url: `/trpc/${paths}`, query: { batch: '1', input: JSON.stringify(inputsOf(inputs)) } },
    { token },
  );

const postBatch = ({ paths, inputs = [], token, on = world }: Batch): Promise<Answer> =>
  send(on, { method: 'POST', url: `/trpc/${paths}?batch=1`, payload: inputsOf(inputs) }, { token });

const itemsOf = ({ text }: Answer): readonly unknown[] => {
  const body: unknown = JSON.parse(text);
  if (!Array.isArray(body)) throw new Error(`not an answer to a batch: ${text}`);
  return body;
};
const codesOf = (answer: Answer) =>
  itemsOf(answer).map((item) => /"errorCode":"([^"]*)"/.exec(JSON.stringify(item))?.[1] ?? 'ok');

const registrations = (count: number) => {
  const mark = unique();
  const inputs = Array.from({ length: count }, (_, index) => ({
    email: `batch-${mark}-${index}@example.com`,
    password: `pass-${unique()}`,
    name: 'Batch',
  }));
  return { inputs, stored: () => world.db.read.user.count({ where: { email: { startsWith: `batch-${mark}` } } }) };
};

describe('size', () => {
  test('ten calls run, each with its own input and in their order', async () => {
    const { inputs, stored } = registrations(10);
    const answer = await postBatch({ paths: repeated('auth.register', 10), inputs });
    expect(answer.status).toBe(200);
    const emails = itemsOf(answer).map((item) => JSON.stringify(item).match(/batch-[^"]*/)?.[0]);
    expect(emails).toEqual(inputs.map(({ email }) => email));
    expect(await stored()).toBe(10);
  });

  test.each([
    ['eleven', 11, ','],
    ['eleven, commas encoded', 11, '%2C'],
    ['five hundred', 500, ','],
  ])('%s are refused with one small error before anything has run', async (_, count, comma) => {
    const { inputs, stored } = registrations(count);
    const paths = repeated('auth.register', count).replaceAll(',', comma);
    const answer = await postBatch({ paths, inputs });
    expect(answer).toMatchObject({ status: 400, code: 'request.batch_too_large' });
    expect(answer.text.length).toBeLessThan(600);
    expect(await stored()).toBe(0);
  });

  test('a batch that is too long is refused before its body is judged', async () => {
    const answer = await send(world, {
      method: 'GET',
      url: `/trpc/${repeated('health.live', 11)}`,
      query: { batch: '1', input: '{' },
    });
    expect(answer).toMatchObject({ status: 400, code: 'request.batch_too_large' });
  });

  test('commas without batch=1 are no batch', async () => {
    const url = `/trpc/${repeated('health.live', 2)}`;
    for (const query of ['', '?batch=true', '?batch']) {
      expect(await send(world, { method: 'GET', url: `${url}${query}` })).toMatchObject({
        status: 404,
        code: 'request.not_found',
      });
    }
  });
});

describe('calls stand for themselves', () => {
  test('one status for all alike, 207 for a mixture', async () => {
    const { accessToken: token } = await aPerson(world);
    expect((await getBatch({ paths: 'health.live,auth.me', token })).status).toBe(200);
    expect((await getBatch({ paths: 'auth.me,workspace.list' })).status).toBe(401);
    const inputs = [undefined, undefined, undefined, {}];
    const mixed = await getBatch({ paths: 'health.live,auth.me,nobody.knows,workspace.get', inputs, token });
    expect(mixed.status).toBe(207);
    expect(codesOf(mixed)).toEqual(['ok', 'ok', 'request.not_found', 'access.workspace_required']);
  });

  test('a mutation in a batch of queries is refused, the queries answer', async () => {
    const { accessToken: token } = await aPerson(world);
    const answer = await getBatch({ paths: 'auth.me,auth.sessions.revokeOthers', token });
    expect(codesOf(answer)).toEqual(['ok', 'request.method_not_allowed']);
  });

  test('empty names are calls to nothing', async () => {
    expect(codesOf(await getBatch({ paths: 'health.live,,' }))).toEqual([
      'ok',
      'request.not_found',
      'request.not_found',
    ]);
  });

  test.each([[[]], [[1, 2]], [42], ['text'], [null]])(
    'inputs that are not keyed by place are 400: %j',
    async (payload) => {
      const answer = await send(world, {
        method: 'POST',
        url: '/trpc/auth.login,auth.login?batch=1',
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify(payload),
      });
      expect(answer).toMatchObject({ status: 400, code: 'request.malformed' });
    },
  );
});

describe('a batch is charged call by call', () => {
  let limited: World;
  beforeAll(async () => {
    limited = await createWorld({
      env: { RATE_LIMIT_USER_PER_MINUTE: '15', RATE_LIMIT_AUTH_PER_MINUTE: '5', RATE_LIMIT_PER_MINUTE: '12' },
    });
  });
  afterAll(() => limited.close());

  test('of a signed-in person', async () => {
    const { accessToken: token } = await aPerson(limited);
    const first = await getBatch({ paths: repeated('auth.me', 10), token, on: limited });
    expect(codesOf(first)).toEqual(Array(10).fill('ok'));
    const second = await getBatch({ paths: repeated('auth.me', 10), token, on: limited });
    expect(codesOf(second).filter((code) => code === 'ok')).toHaveLength(5);
    expect(codesOf(second).filter((code) => code === 'request.rate_limited')).toHaveLength(5);
    expect(second.status).toBe(207);
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('of a stranger trying passwords', async () => {
    const inputs = Array.from({ length: 10 }, () => ({ email: 'nobody@example.com', password: unique() }));
    const answer = await postBatch({ paths: repeated('auth.login', 10), inputs, on: limited });
    expect(codesOf(answer).sort()).toEqual([
      ...Array(5).fill('auth.invalid_credentials'),
      ...Array(5).fill('request.rate_limited'),
    ]);
  });

  test('of a stranger without a token', async () => {
    const first = await getBatch({ paths: repeated('auth.me', 10), on: limited });
    const second = await getBatch({ paths: repeated('auth.me', 10), on: limited });
    const codes = [...codesOf(first), ...codesOf(second)];
    expect(codes.filter((code) => code === 'access.unauthenticated')).toHaveLength(12);
    expect(codes.filter((code) => code === 'request.rate_limited')).toHaveLength(8);
  });
});

describe('a streamed batch that is refused says so in the words of the catalogue', () => {
  const stream = { 'trpc-accept': 'application/jsonl' };
  const form = { 'content-type': 'multipart/form-data; boundary=x' };
  const debit = 'billing.debit,billing.debit?batch=1';

  test.each([
    ['types mixed', 'GET', 'health.live,auth.login?batch=1', {}, 'request.malformed'],
    ['a form by GET', 'GET', 'health.live?batch=1', form, 'request.unsupported_media_type'],
    ['a POST without a media type', 'POST', debit, {}, 'request.unsupported_media_type'],
    ['connection parameters', 'GET', 'health.live?batch=1&connectionParams=7', {}, 'request.malformed'],
    ['an input given twice', 'GET', 'health.live?batch=1&input=%7B%7D&input=%7B%7D', {}, 'request.malformed'],
  ] as const)('%s', async (_, method, path, headers, code) => {
    world.takeLogs();
    const answer = await send(world, { method, url: `/trpc/${path}`, headers: { ...stream, ...headers } });
    expect(answer.text).toContain(`"errorCode":"${code}"`);
    expect(answer.text).toContain(`"requestId":"${answer.headers['x-request-id']}"`);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(world.takeLogs().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('inputs that no batch has are no fault of ours', async () => {
    world.takeLogs();
    const url = '/trpc/health.live,no.such?batch=1&input=%5B1%5D';
    const { status, text } = await send(world, { method: 'GET', url, headers: stream });
    expect({ status, text }).toEqual({ status: 400, text: expect.stringContaining('request.malformed') });
    expect(world.takeLogs().filter(({ level }) => level === 'error')).toEqual([]);
  });
});
