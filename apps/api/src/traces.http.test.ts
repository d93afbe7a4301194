import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { aTenant, createWorld, type World } from '@morket/testing';
import { send } from '@morket/testing/http';
import { type OtlpReceiver, startOtlpReceiver } from '@morket/testing/otlp-receiver';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Spans are sent every two seconds. */
const SENT = { timeout: 10_000 };
let receiver: OtlpReceiver;
let world: World;
let origin: string;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  world = await createWorld({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
  origin = await world.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await world.close();
  await receiver.close();
});

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;

/** Over a socket, and the body after the head: whoever reads it is called by the socket, which knows of no span. */
async function postSlowly(
  path: string,
  { headers, body }: { readonly headers: Record<string, string>; readonly body: string },
) {
  const sent = request(`${origin}${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>; // as node:http documents it
  sent.flushHeaders();
  // Answered after the head above was read: the server takes both in turn.
  await fetch(`${origin}/health`);
  sent.end(body);
  const [answer] = await answered;
  answer.resume();
  return answer;
}

test('a request, its transaction and its events are one trace below the caller', async () => {
  const tenant = await aTenant(world);
  const answer = await postSlowly('/trpc/workspace.update', {
    headers: { traceparent, authorization: `Bearer ${tenant.owner.accessToken}` },
    body: JSON.stringify({ workspaceId: tenant.id, name: 'Traced' }),
  });
  expect(answer.statusCode).toBe(200);
  const [event] = await world.db.read.outboxEvent.findMany({
    where: { workspaceId: tenant.id, name: 'workspace.updated' },
  });
  const ofTrace = () => receiver.spans.filter(({ traceId }) => traceId === CALLER.traceId);
  await expect.poll(() => ofTrace().map(({ name }) => name), SENT).toContain('http.request workspace.update');
  await expect.poll(() => ofTrace().map(({ name }) => name), SENT).toContain('db.transaction');

  const http = ofTrace().find(({ name }) => name.startsWith('http.request'));
  expect(http).toMatchObject({ parentSpanId: CALLER.spanId, service: 'morket' });
  expect(http?.attributes).toMatchObject({
    'morket.procedure': 'workspace.update',
    'morket.request_id': answer.headers['x-request-id'],
    'http.request.method': 'POST',
  });
  expect(ofTrace().find(({ name }) => name === 'db.transaction')?.parentSpanId).toBe(http?.spanId);
  expect(event?.traceparent).toBe(`00-${CALLER.traceId}-${http?.spanId}-01`);
});

test('the ledger joins in, although it commits for many at once', async () => {
  const tenant = await aTenant(world, { credits: 10 });
  const traceId = CALLER.traceId.replace('0af', '1af');
  await send(
    world,
    {
      method: 'POST',
      url: '/trpc/billing.debit',
      headers: { traceparent: `00-${traceId}-${CALLER.spanId}-01` },
      payload: { workspaceId: tenant.id, amount: 2, description: 'a run' },
    },
    { token: tenant.owner.accessToken },
  );
  await expect
    .poll(() => receiver.spans.filter((span) => span.traceId === traceId).map(({ name }) => name), SENT)
    .toEqual(expect.arrayContaining(['http.request billing.debit', 'db.transaction ledger']));
});

test('a malformed traceparent is ignored, and one outside of the sample is kept out', async () => {
  const tenant = await aTenant(world);
  const token = tenant.owner.accessToken;
  const update = (given: string, name: string) =>
    send(
      world,
      {
        method: 'POST',
        url: '/trpc/workspace.update',
        headers: { traceparent: given },
        payload: { workspaceId: tenant.id, name },
      },
      { token },
    );
  await update('00-not-a-trace', 'Once');
  const unsampled = '00-2af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  await update(unsampled, 'Twice');
  const events = await world.db.read.outboxEvent.findMany({
    where: { workspaceId: tenant.id, name: 'workspace.updated' },
    orderBy: { seq: 'asc' },
  });
  expect(events[0]?.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
  expect(events[1]?.traceparent).toMatch(/^00-2af7651916cd43dd8448eb211c80319c-[\da-f]{16}-00$/);
  expect(receiver.spans.map(({ traceId }) => traceId)).not.toContain('2af7651916cd43dd8448eb211c80319c');
});

test('spans hold no secret and nothing personal', async () => {
  const tenant = await aTenant(world);
  const { email, password, accessToken } = tenant.owner;
  await send(world, { method: 'POST', url: '/trpc/auth.login', payload: { email, password } });
  await send(world, { method: 'POST', url: '/trpc/auth.login', payload: { email, password: 'a wrong one' } });
  await send(world, { method: 'GET', url: `/trpc/auth.me?token=${accessToken}` }, { token: accessToken });
  await expect
    .poll(() => receiver.spans.filter(({ name }) => name === 'http.request auth.login').length, SENT)
    .toBeGreaterThanOrEqual(2);
  const text = JSON.stringify(receiver.spans);
  for (const secret of [email, password, 'a wrong one', accessToken]) expect(text).not.toContain(secret);
});
