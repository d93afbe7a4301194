import { useWorld } from '@morket/testing';
import { expect, test } from 'vitest';
import { aStage, CANARIES, scenesOf } from '../../test/scenes.ts';

const world = useWorld();

/** Every string under a name that says token or secret, at any depth. */
function tokensIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    typeof item === 'string' && /token|secret/i.test(name) ? [item] : tokensIn(item),
  );
}

/** The ways in which bytes are written as text. */
const spellingsOf = (bytes: Uint8Array) => {
  const buffer = Buffer.from(bytes);
  return [
    buffer.toString('hex'),
    buffer.toString('base64'),
    buffer.toString('base64url'),
    JSON.stringify([...buffer]).slice(1, -1),
  ];
};

/** All rows of all histories as one text, as PostgreSQL writes them. */
async function histories(): Promise<string> {
  const [row] = await world.db.read.$queryRaw<{ text: string }[]>`
    select concat((select string_agg(a::text, E'\n') from audit_log a), (select string_agg(o::text, E'\n') from outbox o)) as text`;
  return row?.text ?? '';
}

test('no password, key, token, salt or hash is in any history or any log', async () => {
  const secrets = new Set<string>(Object.values(CANARIES));
  const { audit } = world.services;
  const shown: string[] = [];
  for (const { run } of Object.values(scenesOf(world))) {
    const stage = await aStage(world);
    for (const token of [...tokensIn(stage.person), ...tokensIn(await run(stage))]) secrets.add(token);
    shown.push(JSON.stringify(await audit.list(stage.scope, { limit: 200 })));
    for (const format of ['csv', 'json'] as const)
      shown.push((await audit.export(stage.scope, { format, limit: 5_000 })).content);
  }
  const { read } = world.db;
  for (const { passwordHash } of await read.user.findMany()) secrets.add(passwordHash);
  const bytes = [
    ...(await read.session.findMany()).flatMap(({ keySalt, rotationKeyHash }) => [keySalt, rotationKeyHash]),
    ...(await read.workspace.findMany()).map(({ keySalt }) => keySalt),
    ...(await read.invitation.findMany()).map(({ tokenHash }) => tokenHash),
    ...(await read.apiKey.findMany()).flatMap(({ keyHash, previousHash }) => [keyHash, previousHash]),
    ...(await read.apiCredential.findMany()).flatMap(({ sealedKey, sealedSecret }) => [sealedKey, sealedSecret]),
    ...world.configuration.ring.versions.values(),
  ];
  for (const one of bytes) if (one) for (const spelling of spellingsOf(one)) secrets.add(spelling);

  // Each kind is really there: a search that finds nothing because it looks for nothing proves nothing.
  expect(secrets.size).toBeGreaterThan(300);
  const text = `${await histories()}${shown.join('\n')}`;
  expect(text.length).toBeGreaterThan(10_000);
  const logs = JSON.stringify(world.takeLogs());
  for (const secret of secrets) {
    expect(text.includes(secret), `${secret.slice(0, 12)}… in a history`).toBe(false);
    expect(logs.includes(secret), `${secret.slice(0, 12)}… in a log`).toBe(false);
  }
  // What may be there is there: the mask of a key.
  expect(text).toContain('••••0001');
});
