import { Unavailable } from '@morket/contract/errors';
import { createDb } from '@morket/db';
import { aPerson, useWorld } from '@morket/testing';
import { expect, test } from 'vitest';
import type { PrincipalKey } from './access.repo.ts';
import { createPrincipalReader } from './principal-reader.ts';

const world = useWorld();

async function aKey(): Promise<PrincipalKey> {
  const { user } = await aPerson(world);
  const { id: sessionId } = await world.db.read.session.findFirstOrThrow({ where: { userId: user.id } });
  return { sessionId, userId: user.id, tenant: null };
}

test('a key that cannot be read fails alone, not those that share its query', async () => {
  const { read } = createPrincipalReader(world.db.points);
  const [one, other] = [await aKey(), await aKey()];
  const rows = await Promise.allSettled([read(one), read({ ...one, sessionId: 'no uuid' }), read(other)]);
  expect(rows.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(rows[0]).toMatchObject({ value: { revoked: false, expired: false } });
});

test('without a database nobody is asked again', async () => {
  const away = createDb({ url: 'postgres://nobody@127.0.0.1:1/none' });
  let statements = 0;
  const { read } = createPrincipalReader({
    readJson: (statement) => {
      statements += 1;
      return away.points.readJson(statement);
    },
  });
  const key = { sessionId: crypto.randomUUID(), userId: crypto.randomUUID(), tenant: null };
  const rows = await Promise.allSettled([read(key), read(key)]);
  for (const row of rows) expect(row.status === 'rejected' && Unavailable.is(row.reason)).toBe(true);
  expect(statements).toBe(1);
  await away.close();
});
