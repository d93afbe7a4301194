import { randomUUID } from 'node:crypto';
import type { Tenant } from './factories.ts';
import type { World } from './world.ts';

/** The name under which no consumer of the product takes anything up, so that what a test puts there stays. */
const CONSUMER = 'nobody';

/** An event of the tenant that a consumer gave up; a later one of the same aggregate waits behind it. */
export async function aDeadLetter(
  { db }: Pick<World, 'db'>,
  { id: workspaceId }: Pick<Tenant, 'id'>,
  overrides: { readonly consumer?: string; readonly error?: string } = {},
): Promise<{ readonly consumer: string; readonly eventId: string; readonly behindId: string }> {
  const { consumer = CONSUMER, error = 'Error: it cannot be taken' } = overrides;
  const [eventId, behindId, aggregateId] = [randomUUID(), randomUUID(), randomUUID()];
  const row = { consumer, workspaceId, aggregateType: 'thing', aggregateId, name: 'thing.happened', event: {} };
  await db.read.deadLetter.createMany({
    data: [
      { ...row, eventId, seq: 1, attempts: 6, error },
      { ...row, eventId: behindId, seq: 2, attempts: 0 },
    ],
  });
  return { consumer, eventId, behindId };
}
