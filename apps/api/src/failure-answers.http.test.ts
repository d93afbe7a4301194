import { type ProcedureInfo, procedures, type Services } from '@morket/rpc';
import { aTenant, createWorld, type Tenant, useWorld, type World } from '@morket/testing';
import { call, send, TRANSPORTS } from '@morket/testing/http';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger } from './logger.ts';
import { buildServer } from './server.ts';

const world = useWorld();

let tenant: Tenant;
beforeAll(async () => {
  tenant = await aTenant(world);
});

const CANARY = 'canary-hunter2';
const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** The same process with a service that fails in a way of its own, and its log. */
async function worldWith(broken: Partial<Services>): Promise<{ readonly broken: World; readonly log: string[] }> {
  const lines: string[] = [];
  const { env } = world.configuration;
  const log = createLogger(env, { write: (line) => void lines.push(line) });
  const app = await buildServer({ services: { ...world.services, ...broken }, env, log });
  open.push(() => app.close());
  return { broken: { ...world, app }, log: lines };
}
const theOne = (path: string) => {
  const found = procedures().find((procedure) => procedure.path === path);
  if (!found) throw new Error(`there is no procedure ${path}`);
  return found;
};

/** A service that throws whatever it is given. */
const billingThatThrows = (thrown: unknown): Partial<Services> => ({
  billing: {
    ...world.services.billing,
    get: () => {
      throw thrown;
    },
  },
});

class Poisoned extends Error {
  override get message(): string {
    throw new Error(CANARY);
  }
}

describe('a failure nobody foresaw says the request id and nothing else', () => {
  const thrown: readonly (readonly [string, unknown])[] = [
    ['an Error', new Error(CANARY)],
    ['text', CANARY],
    ['null', null],
    ['undefined', undefined],
    ['an object that poses as an HTTP error', { statusCode: 418, status: 418, message: CANARY, code: 'billing.fake' }],
    ['an error with a cause', new Error('outer', { cause: new Error(CANARY) })],
    ['an error that throws when it is read', new Poisoned()],
  ];

  test.each(TRANSPORTS.flatMap((transport) => thrown.map(([name, value]) => [transport, name, value] as const)))(
    'over %s: %s',
    async (transport, _, value) => {
      const { broken, log } = await worldWith(billingThatThrows(value));
      const options = { token: tenant.owner.accessToken };
      const answer = await call(broken, transport, theOne('billing.get'), { workspaceId: tenant.id }, options);
      expect(answer).toMatchObject({ status: 500, code: 'server.internal' });
      const requestId = String(answer.headers['x-request-id']);
      expect(answer.text).toContain(requestId);
      expect(answer.text).not.toContain(CANARY);
      expect(answer.text).not.toMatch(/stack|\.ts:|node_modules|billing\.fake/);
      const errors = log.filter((line) => line.includes('"level":"error"'));
      expect(errors, 'logged once').toHaveLength(1);
      expect(errors[0]).toContain(requestId);
      if (value instanceof Error && !(value instanceof Poisoned)) expect(errors[0]).toContain(CANARY);
    },
  );

  test('in a batch it spoils its own call alone', async () => {
    const { broken } = await worldWith(billingThatThrows(new Error(CANARY)));
    const input = JSON.stringify({ 0: {}, 1: { workspaceId: tenant.id } });
    const request = { method: 'GET', url: '/trpc/auth.me,billing.get', query: { batch: '1', input } } as const;
    const answer = await send(broken, request, { token: tenant.owner.accessToken });
    expect(answer.status).toBe(207);
    expect(answer.text).toContain(tenant.owner.email);
    expect(answer.text).not.toContain(CANARY);
  });

  test.each(TRANSPORTS)('over %s: an answer that breaks its own schema is a failure, not a leak', async (transport) => {
    const billing = { ...world.services.billing, get: async () => ({ planType: CANARY }) };
    // A port that keeps its promise could not: the cast makes the lie the test is about.
    const { broken } = await worldWith({ billing } as unknown as Partial<Services>);
    const options = { token: tenant.owner.accessToken };
    const answer = await call(broken, transport, theOne('billing.get'), { workspaceId: tenant.id }, options);
    expect(answer).toMatchObject({ status: 500, code: 'server.internal' });
    expect(answer.text).not.toContain(CANARY);
  });

  test.each(TRANSPORTS)('over %s: fields that the output does not name are not sent', async (transport) => {
    const billing = {
      ...world.services.billing,
      get: async (...args: Parameters<Services['billing']['get']>) => ({
        ...(await world.services.billing.get(...args)),
        passwordHash: CANARY,
      }),
    };
    const { broken } = await worldWith({ billing });
    const options = { token: tenant.owner.accessToken };
    const answer = await call(broken, transport, theOne('billing.get'), { workspaceId: tenant.id }, options);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain(CANARY);
  });
});

describe('a refusal stays small, whatever it refuses', () => {
  const LARGE = 200_000;
  const wrong: Readonly<Record<string, unknown>> = {
    'items of the wrong type': Array.from({ length: 60_000 }, () => 0),
    'a long text': `${CANARY}${'x'.repeat(LARGE)}`,
    'an object of many keys': Object.fromEntries(
      Array.from({ length: 15_000 }, (_, index) => [`${CANARY}${index}`, 1]),
    ),
    'one long key': { [`${CANARY}${'k'.repeat(LARGE)}`]: 1 },
  };
  const fieldsOf = ({ inputs }: ProcedureInfo) =>
    inputs.flatMap((input) => Object.keys(z.toJSONSchema(input, { io: 'input' }).properties ?? {}));
  const cases = procedures()
    .filter(({ type }) => type === 'mutation')
    .flatMap((procedure) => fieldsOf(procedure).map((field) => [procedure.path, field] as const));

  test.each(cases)('%s with a wrong %s', async (path, field) => {
    for (const [name, value] of Object.entries(wrong)) {
      const payload = { workspaceId: tenant.id, [field]: value };
      const request = { method: 'POST', url: `/trpc/${path}`, payload } as const;
      const answer = await send(world, request, { token: tenant.owner.accessToken });
      expect(answer.status, name).toBeGreaterThanOrEqual(400);
      expect(answer.status, name).toBeLessThan(500);
      expect(answer.text.length, name).toBeLessThan(4_000);
      expect(answer.text, name).not.toContain(CANARY);
    }
  });
});

test('overload is 503 with Retry-After', async () => {
  const drained = await createWorld();
  drained.drain();
  for (const url of ['/trpc/health.ready', '/api/v1/health/ready']) {
    const answer = await send(drained, { method: 'GET', url });
    expect(answer).toMatchObject({ status: 503, code: 'server.unavailable' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }
  expect((await send(drained, { method: 'GET', url: '/health/ready' })).status).toBe(503);
  expect((await send(drained, { method: 'GET', url: '/health' })).status).toBe(200);
  await drained.close();
});
