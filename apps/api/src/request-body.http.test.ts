import { anOrigin, aPerson, unique, useWorld } from '@morket/testing';
import { type Answer, send, TRANSPORTS, type Transport } from '@morket/testing/http';
import { describe, expect, test } from 'vitest';

const world = useWorld();

const LIMIT_BYTES = 256 * 1024;
const MAX_DEPTH = 32;
const REGISTER: Readonly<Record<Transport, string>> = { trpc: '/trpc/auth.register', rest: '/api/v1/auth/register' };
const REVOKE_OTHERS: Readonly<Record<Transport, string>> = {
  trpc: '/trpc/auth.sessions.revokeOthers',
  rest: '/api/v1/auth/sessions/revoke-others',
};

type Body = string | Buffer | undefined;
type Post = { readonly body: Body; readonly type?: string; readonly token?: string };

function post(url: string, { body, type = 'application/json', token }: Post): Promise<Answer> {
  const headers = type === '' ? {} : { 'content-type': type };
  const payload = body === undefined ? {} : { payload: body };
  return send(world, { method: 'POST', url, headers, ...payload }, { token });
}

const aRegistration = () => ({ email: `body-${unique()}@example.com`, password: `pass-${unique()}`, name: 'Body' });

const malformed = { status: 400, code: 'request.malformed' };
const invalid = { status: 400, code: 'request.invalid_input' };

describe.each(TRANSPORTS)('over %s', (transport) => {
  const url = REGISTER[transport];
  const registered = (email: string) => world.db.read.user.count({ where: { email } });
  const done = transport === 'rest' ? 201 : 200;

  describe('what is not application/json is 415 and has no effect', () => {
    test.each([
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      'text/plain',
      'text/plain;charset=UTF-8',
      'text/json',
      'application/jsonp',
      'application/vnd.api+json',
      'application/json-patch+json',
      'nonsense',
      '',
    ])('%j', async (type) => {
      const input = aRegistration();
      const answer = await post(url, { body: JSON.stringify(input), type });
      expect(answer).toMatchObject({ status: 415, code: 'request.unsupported_media_type' });
      expect(await registered(input.email)).toBe(0);
    });

    test.each(['multipart/form-data; boundary=x', 'text/plain', 'application/x-www-form-urlencoded'])(
      'a mutation that needs no input, as a foreign page could post it: %s',
      async (type) => {
        const person = await aPerson(world);
        const other = await world.services.auth.login({ email: person.email, password: person.password }, anOrigin());
        for (const body of ['--x--', '', undefined]) {
          const answer = await post(REVOKE_OTHERS[transport], { body, type, token: person.accessToken });
          expect(answer, JSON.stringify(body)).toMatchObject({ status: 415 });
        }
        const claims = await world.services.access.identify(other.accessToken);
        await expect(world.services.access.userScope(claims, anOrigin())).resolves.toBeDefined();
      },
    );
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
    '%s is taken',
    async (type) => {
      expect(await post(url, { body: JSON.stringify(aRegistration()), type })).toMatchObject({ status: done });
    },
  );

  test('a mutation without input takes no body, {} or null', async () => {
    const { accessToken: token } = await aPerson(world);
    const bodies = transport === 'trpc' ? [undefined, '{}', 'null'] : [undefined, '{}'];
    for (const body of bodies) {
      expect(await post(REVOKE_OTHERS[transport], { body, token })).toMatchObject({
        status: 200,
        data: { revoked: 0 },
      });
    }
  });

  describe('size', () => {
    const bodyOf = (bytes: number) =>
      JSON.stringify({ ...aRegistration(), padding: '' }).replace('"padding":""', (field) => {
        const rest = bytes - JSON.stringify({ ...aRegistration(), padding: '' }).length;
        return field.replace('""', `"${'x'.repeat(rest)}"`);
      });
    test('256 KB are read', async () => {
      const body = bodyOf(LIMIT_BYTES);
      expect(body.length).toBe(LIMIT_BYTES);
      expect(await post(url, { body })).toMatchObject({ status: done });
    });
    test('one byte more is 413', async () => {
      const answer = await post(url, { body: bodyOf(LIMIT_BYTES + 1) });
      expect(answer).toMatchObject({ status: 413, code: 'request.too_large' });
    });
  });

  describe('depth', () => {
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    test('32 levels are read', async () => {
      expect(await post(url, { body: nested(MAX_DEPTH) })).toMatchObject(invalid);
    });
    test.each([MAX_DEPTH + 1, 5_000, 120_000])('%i levels are refused before anything parses them', async (levels) => {
      expect(await post(url, { body: nested(levels) })).toMatchObject(malformed);
    });
    test('brackets inside strings are not levels', async () => {
      const name = `${'['.repeat(50)}"\\`;
      expect(await post(url, { body: JSON.stringify({ ...aRegistration(), name }) })).toMatchObject({ status: done });
    });
  });

  describe('text that no database takes', () => {
    const cases: Readonly<Record<string, string>> = {
      'a NUL in a value': '{"name":"a\\u0000b"}',
      'a NUL in a key': '{"a\\u0000b":1}',
      'a lone high surrogate in a value': '{"name":"\\ud800"}',
      'a lone low surrogate in a value': '{"name":"\\udc00x"}',
      'a lone surrogate in a key': '{"\\udfff":1}',
      'a NUL deep inside': '{"a":[{"b":["\\u0000"]}]}',
      'the key __proto__': '{"__proto__":{"role":"owner"}}',
      'the key __proto__, spelled with escapes': '{"\\u005f\\u005fproto__":{"role":"owner"}}',
      'the key __proto__, deep inside': '{"a":[{"__proto__":[]}]}',
    };
    test.each(Object.entries(cases))('%s', async (_, body) => {
      expect(await post(url, { body })).toMatchObject(malformed);
    });
    test('whole pairs and every other character are fine', async () => {
      const name = 'Zoë 😀 \u{10ffff} constructor';
      const body = JSON.stringify({ ...aRegistration(), name }).replace('😀', '\\ud83d\\ude00');
      expect(await post(url, { body })).toMatchObject({ status: done, data: { user: { name } } });
    });
  });

  test.each([
    ['a cut sequence', [0xc3]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['UTF-16', [...Buffer.from('{"a":1}', 'utf16le')].toReversed()],
  ])('bytes that are no UTF-8: %s', async (_, bytes) => {
    const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(await post(url, { body })).toMatchObject(malformed);
  });

  test.each(['{', '{"a":1,}', "{'a':1}", 'NaN', '{"a":1e}', '{}{}', '\u0000', 'undefined'])(
    'no JSON: %s',
    async (body) => {
      expect(await post(url, { body })).toMatchObject(malformed);
    },
  );

  test.each(['[]', '[{"email":"a@example.com"}]', '42', 'null', 'true', '"text"', ''])(
    'no object: %j',
    async (body) => {
      expect(await post(url, { body })).toMatchObject(invalid);
    },
  );

  test.each([
    ['numbers that are not finite', '{"email":"a@example.com","password":1e400,"name":"n"}'],
    ['operators where text belongs', '{"email":{"not":""},"password":{"contains":""},"name":["n"]}'],
  ])('%s', async (_, body) => {
    expect(await post(url, { body })).toMatchObject(invalid);
  });
});

describe('the input of a query in the URL is read by the same rules', () => {
  const list = (input: string) => send(world, { method: 'GET', url: '/trpc/workspace.list', query: { input } });
  test.each(['{', '{"a":"\\u0000"}', '{"__proto__":{}}', '['.repeat(33) + ']'.repeat(33)])('%s', async (input) => {
    expect(await list(input)).toMatchObject(malformed);
  });
});

test('fields nobody asked for are dropped, not stored', async () => {
  const input = { ...aRegistration(), id: '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40', disabledAt: null, role: 'owner' };
  for (const transport of TRANSPORTS) {
    const email = `extra-${unique()}@example.com`;
    await post(REGISTER[transport], { body: JSON.stringify({ ...input, email }) });
    const user = await world.db.read.user.findUnique({ where: { email }, include: { memberships: true } });
    expect(user).toMatchObject({ memberships: [], emailVerifiedAt: null });
    expect(user?.id).not.toBe(input.id);
  }
});
