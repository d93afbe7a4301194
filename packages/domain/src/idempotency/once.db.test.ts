import { IdempotencyInProgress, IdempotencyMismatch } from '@morket/contract/errors';
import type { Db, Tx } from '@morket/db';
import { aPerson, aTenant, type Tenant, unique, useWorld } from '@morket/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { under } from '../../test/intents.ts';
import type { Acting } from '../access/index.ts';
import { findReplay, isReplay, once } from './index.ts';
import { answerId } from './request-answer.repo.ts';

const world = useWorld();
let tenant: Tenant;
beforeAll(async () => {
  tenant = await aTenant(world);
});

/** An effect that can be counted: a row of a name. */
const mark = (tx: Tx, name: string) =>
  tx.$executeRaw`insert into processed_events (consumer, event_id) values (${name}, gen_random_uuid())`;
const countOf = (name: string) => world.db.read.processedEvent.count({ where: { consumer: name } });

/** A verb that brings about one effect under this name and answers with an object of its own. */
const verb =
  (name: string, answer: object = { id: unique() }) =>
  async (tx: Tx) => {
    await mark(tx, name);
    return answer;
  };
const send = (scope: Acting, name: string) => once(world.db, scope, verb(name));

describe('a repeated call', () => {
  test('gets the answer of the first, marked, and changes nothing', async () => {
    const name = unique();
    const [first, second] = [under(tenant.scope, name), under(tenant.scope, name)];
    const answer = await send(first, name);
    expect(await send(second, name)).toEqual(answer);
    expect([isReplay(first), isReplay(second)]).toEqual([false, true]);
    expect(await countOf(name)).toBe(1);
  });

  test('gets dates, undefined and the order of the fields as they were', async () => {
    const name = unique();
    const answer = {
      z: new Date(),
      a: { at: new Date(0), none: undefined, nothing: null },
      10: 'ten',
      list: [new Date(1)],
    };
    await once(world.db, under(tenant.scope, name), verb(name, answer));
    const replayed = await once(world.db, under(tenant.scope, name), verb(name, {}));
    expect(replayed).toEqual(answer);
    expect(Object.keys(replayed)).toEqual(Object.keys(answer));
  });

  test('gets null where the answer is null', async () => {
    const name = unique();
    const run = (scope: Acting) =>
      once(world.db, scope, async (tx) => {
        await mark(tx, name);
        return null;
      });
    expect([await run(under(tenant.scope, name)), await run(under(tenant.scope, name))]).toEqual([null, null]);
    expect(await countOf(name)).toBe(1);
  });

  test('does not get a secret that is shown once, which is stored nowhere', async () => {
    const name = unique();
    const secret = `secret-${unique()}`;
    const run = (scope: Acting) =>
      once<{ id: string; secret: string | null }>(world.db, scope, async () => ({ id: name, secret }), {
        keep: (answer) => ({ ...answer, secret: null }),
      });
    expect(await run(under(tenant.scope, name))).toEqual({ id: name, secret });
    expect(await run(under(tenant.scope, name))).toEqual({ id: name, secret: null });
    const kept = await world.db.read.$queryRaw<
      { text: string }[]
    >`select request_answers::text as text from request_answers`;
    expect(kept.some(({ text }) => text.includes(name))).toBe(true);
    expect(kept.some(({ text }) => text.includes(secret))).toBe(false);
  });

  test('with another input is refused, by the verb and before it', async () => {
    const name = unique();
    await send(under(tenant.scope, name, { input: 'one' }), name);
    const other = () => under(tenant.scope, name, { input: 'another' });
    await expect(send(other(), name)).rejects.toSatisfy(IdempotencyMismatch.is);
    await expect(findReplay(world.db, other())).rejects.toSatisfy(IdempotencyMismatch.is);
    expect(await countOf(name)).toBe(1);
  });

  test('is refused while the first is under way, and gets its answer afterwards', async () => {
    const name = unique();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const first = once(world.db, under(tenant.scope, name), async (tx) => {
      await mark(tx, name);
      begin();
      await released;
      return name;
    });
    await begun;
    const twin = await send(under(tenant.scope, name), name).catch((err: unknown) => err);
    expect(IdempotencyInProgress.is(twin) && twin.details).toEqual({ retryAfterSeconds: 1 });
    release();
    expect(await first).toBe(name);
    expect(await send(under(tenant.scope, name), name)).toBe(name);
    expect(await countOf(name)).toBe(1);
  });

  test('is found before the verb does anything outside the database', async () => {
    const name = unique();
    expect(await findReplay(world.db, under(tenant.scope, name))).toBeNull();
    const answer = await send(under(tenant.scope, name), name);
    const later = under(tenant.scope, name);
    expect(await findReplay(world.db, later)).toEqual({ answer });
    expect(isReplay(later)).toBe(true);
    expect(await findReplay(world.db, tenant.scope)).toBeNull();
  });
});

test('a failure keeps nothing: the key is free for what succeeds', async () => {
  const name = unique();
  const failing = once(world.db, under(tenant.scope, name), async (tx) => {
    await mark(tx, name);
    throw new Error('not today');
  });
  await expect(failing).rejects.toThrow('not today');
  expect(await countOf(name)).toBe(0);
  const second = under(tenant.scope, name, { input: 'corrected' });
  await send(second, name);
  expect(isReplay(second)).toBe(false);
  expect(await countOf(name)).toBe(1);
});

test('one key of two people, in two workspaces, for two procedures, of a person and of a key of theirs: none meets another', async () => {
  const name = unique();
  const other = await aTenant(world);
  const { scope } = tenant;
  const strangers: readonly Acting[] = [
    under(scope, name),
    under({ ...scope, actorId: (await aPerson(world)).user.id }, name),
    under({ ...scope, workspaceId: other.id }, name),
    under(tenant.owner.scope, name),
    under(scope, name, { procedure: 'test.another' }),
    under({ ...scope, apiKeyId: crypto.randomUUID() }, name),
    // The parts read one after the other are the same as those of the first.
    under(scope, `b${name}`, { procedure: 'test.ver' }),
  ];
  for (const stranger of strangers) await send(stranger, name);
  expect(strangers.map(isReplay)).toEqual(strangers.map(() => false));
  expect(await countOf(name)).toBe(strangers.length);
});

test('without a key every call is one of its own', async () => {
  const name = unique();
  await send(tenant.scope, name);
  await send(tenant.scope, name);
  expect(isReplay(tenant.scope)).toBe(false);
  expect(await countOf(name)).toBe(2);
});

test('a verb that opens two transactions under one key is a fault, and told', async () => {
  const name = unique();
  const scope = under(tenant.scope, name);
  await send(scope, name);
  await expect(send(scope, name)).rejects.toThrow(/two transactions/);
});

test('a twin that commits between the look and the lock is met when the answer is kept', async () => {
  const name = unique();
  let runs = 0;
  // As an answer that is committed after the statement of the look has begun: there when it is kept, and not when it was looked for.
  const behindItsBack = once(world.db, under(tenant.scope, name), async (tx) => {
    await mark(tx, name);
    runs += 1;
    if (runs === 1) await answerOf(world.db, under(tenant.scope, name));
    return { runs };
  });
  expect(await behindItsBack).toEqual({ by: 'the twin' });
  expect(runs).toBe(1);
  expect(await countOf(name)).toBe(0);
});

test.each([
  ['its answer', {}, (err: unknown) => err, { by: 'the twin' }],
  ['a mismatch', { input: 'another' }, IdempotencyMismatch.is, true],
])('a twin that makes the work fail on what it has brought about: %s', async (_, other, outcomeOf, expected) => {
  const name = unique();
  const scope = under(tenant.scope, name, other);
  const overtaken = once<unknown>(world.db, scope, async (tx) => {
    await mark(tx, name);
    await answerOf(world.db, under(tenant.scope, name));
    throw new Error('it is there already');
  });
  expect(outcomeOf(await overtaken.catch((err: unknown) => err))).toEqual(expected);
  expect(isReplay(scope)).toBe(expected !== true);
  expect(await countOf(name)).toBe(0);
});

/** Puts an answer there, past the lock that the other one holds. */
async function answerOf(db: Db, scope: Acting): Promise<void> {
  const intended = scope as Parameters<typeof answerId>[0]; // made by `under`
  await db.read.$executeRaw`
    insert into request_answers (id, fingerprint, answer)
    values (${answerId(intended)}, ${intended.intent.fingerprint}, '{"json":{"by":"the twin"}}')`;
}
