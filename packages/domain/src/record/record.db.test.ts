import { procedures } from '@morket/rpc';
import { aTenant, useWorld } from '@morket/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { aStage, type Scene, scenesOf } from '../../test/scenes.ts';

const world = useWorld();
let scenes: Readonly<Record<string, Scene>>;
beforeAll(() => {
  scenes = scenesOf(world);
});
const MUTATIONS = procedures()
  .filter(({ type }) => type === 'mutation')
  .map(({ path }) => path);

/** What one request left in a table, in the order of writing. */
const auditOf = (requestId: string) =>
  world.db.read.auditEntry.findMany({ where: { requestId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
const eventsOf = (requestId: string) =>
  world.db.read.outboxEvent.findMany({ where: { requestId }, orderBy: { seq: 'asc' } });

test('every mutation of the router has its scene here', () => {
  expect(Object.keys(scenes).sort()).toEqual([...MUTATIONS].sort());
});

describe('each verb writes exactly its entries and events, under its request', () => {
  test.each(MUTATIONS)('%s', async (path) => {
    const scene = scenes[path];
    if (!scene) throw new Error(`${path} has no scene.`);
    const stage = await aStage(world);
    await scene.run(stage);
    const requestIds = [stage.user, stage.scope].map(({ origin }) => origin.requestId).concat(stage.origin.requestId);
    const [audit, events] = [
      (await Promise.all(requestIds.map(auditOf))).flat(),
      (await Promise.all(requestIds.map(eventsOf))).flat(),
    ];
    expect(events.map(({ aggregateType, name }) => `${aggregateType} ${name}`)).toEqual(scene.events);
    // One entry for each event, about the same thing, by somebody.
    const about = ({ workspaceId, requestId }: { workspaceId: string | null; requestId: string | null }) => ({
      workspaceId,
      requestId,
    });
    expect(
      audit.map((entry) => ({ what: `${entry.entityType} ${entry.action}`, id: entry.entityId, ...about(entry) })),
    ).toEqual(
      events.map((event) => ({ what: `${event.aggregateType} ${event.name}`, id: event.aggregateId, ...about(event) })),
    );
    for (const { actorId, impersonatorId } of audit)
      expect({ actorId: typeof actorId, impersonatorId }).toEqual({ actorId: 'string', impersonatorId: null });
    const ofWorkspace = !path.startsWith('auth.') || path === 'auth.acceptInvitation';
    for (const { workspaceId } of events) expect(typeof workspaceId).toBe(ofWorkspace ? 'string' : 'object');
  });
});

test('an entry holds what changed, before and after, and nothing else', async () => {
  const { scope, member } = await aStage(world);
  const { members, billing, workspaces } = world.services;
  await members.updateRole(scope, { userId: member.user.id, role: 'manager' });
  await workspaces.update(scope, { name: 'Emca' });
  const { transaction } = await billing.debit(scope, { amount: 5, description: 'x' });
  await billing.setCreditLimit(scope, { creditLimit: 9 });
  const [role, rename, debit, limit] = (await auditOf(scope.origin.requestId)).map(({ changes }) => changes);
  expect(role).toEqual({ before: { role: 'viewer' }, after: { role: 'manager' } });
  expect(rename).toMatchObject({ after: { name: 'Emca' } });
  expect(debit).toEqual({ before: { balance: 50 }, after: { balance: 45, transactionId: transaction.id } });
  expect(limit).toEqual({ before: { creditLimit: null }, after: { creditLimit: 9 } });
});

test('a verb that is refused records nothing', async () => {
  const { scope, tenant } = await aStage(world);
  const { members, billing, credentials } = world.services;
  const refused = await Promise.allSettled([
    members.remove(scope, { userId: tenant.owner.user.id }),
    members.add(scope, { email: 'nobody@example.org', role: 'viewer' }),
    billing.debit(scope, { amount: 51, description: 'x', idempotencyKey: 'a refused one' }),
    billing.debit(scope, { amount: 51, description: 'x', idempotencyKey: 'a refused one' }),
    credentials.delete(scope, { credentialId: crypto.randomUUID() }),
  ]);
  expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
  expect(await auditOf(scope.origin.requestId)).toEqual([]);
  expect(await eventsOf(scope.origin.requestId)).toEqual([]);
});

test('a replay under an idempotency key records nothing again', async () => {
  const { scope } = await aTenant(world, { credits: 50 });
  const [first, second] = [scope, { ...scope, origin: { ...scope.origin, requestId: crypto.randomUUID() } }];
  for (const each of [first, second])
    await world.services.billing.debit(each, { amount: 5, description: 'x', idempotencyKey: 'order-1042' });
  const names = async (requestId: string) => (await eventsOf(requestId)).map(({ name }) => name);
  expect(await names(first.origin.requestId)).toContain('billing.debited');
  expect(await names(second.origin.requestId)).toEqual([]);
});
