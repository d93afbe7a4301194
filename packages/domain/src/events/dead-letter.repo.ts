import type { DeadLetter, DeadLetterState } from '@morket/contract/events';
import { Prisma, type Reader, type Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { tellableFailure } from './failure-text.ts';

type Row = {
  readonly consumer: string;
  readonly eventId: string;
  readonly name: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly parkedAt: Date;
  readonly retryAt: Date | null;
};

function stateOf({ error, retryAt }: Pick<Row, 'error' | 'retryAt'>): DeadLetterState {
  if (error === null) return 'waiting';
  return retryAt === null ? 'dead' : 'retrying';
}

const toDeadLetterDto = (row: Row): DeadLetter => ({
  consumer: row.consumer,
  eventId: row.eventId,
  event: row.name,
  aggregate: { type: row.aggregateType, id: row.aggregateId },
  state: stateOf(row),
  attempts: row.attempts,
  error: row.error === null ? null : tellableFailure(row.error),
  parkedAt: row.parkedAt,
  // The reminder of one that waits says when it is looked at, not when it is tried.
  retryAt: row.error === null ? null : row.retryAt,
});

const SHOWN = {
  ...{ consumer: true, eventId: true, name: true, aggregateType: true, aggregateId: true },
  ...{ attempts: true, error: true, parkedAt: true, retryAt: true },
} as const;

/** What stands in the queues of consumers, latest first; of one of them when it is named. */
export async function listDeadLetters(
  reader: Reader,
  scope: WorkspaceScope,
  { page, limit, consumer }: { readonly page: number; readonly limit: number; readonly consumer?: string | undefined },
) {
  const where = { workspaceId: scope.workspaceId, ...(consumer !== undefined && { consumer }) };
  const [rows, total] = await Promise.all([
    reader.deadLetter.findMany({
      ...{ where, select: SHOWN, skip: (page - 1) * limit, take: limit },
      orderBy: [{ parkedAt: 'desc' }, { consumer: 'asc' }, { eventId: 'desc' }],
    }),
    reader.deadLetter.count({ where }),
  ]);
  return { items: rows.map(toDeadLetterDto), total };
}

type Key = { readonly consumer: string; readonly eventId: string };

/** The event in the queue of a consumer; null: there is none in this workspace. */
export function findDeadLetter(reader: Reader, scope: WorkspaceScope, { consumer, eventId }: Key) {
  return reader.deadLetter.findFirst({
    where: { workspaceId: scope.workspaceId, consumer, eventId },
    select: { name: true, aggregateType: true, aggregateId: true },
  });
}

/**
 * Makes what a consumer gave up of an aggregate due again, with all its tries before it; gives the number of events that are taken up with
 * it. The rest follows in order, since it waits behind it.
 */
export async function makeDue(
  tx: Tx,
  scope: WorkspaceScope,
  consumer: string,
  aggregate: { readonly type: string; readonly id: string },
): Promise<number> {
  const queue = Prisma.sql`
    workspace_id = ${scope.workspaceId}::uuid and consumer = ${consumer} and aggregate_type = ${aggregate.type} and aggregate_id = ${aggregate.id}`;
  await tx.$executeRaw`
    update dead_letters set attempts = 0, retry_at = clock_timestamp()
     where ${queue} and (error is not null or seq = (select min(seq) from dead_letters where ${queue}))`;
  const [row] = await tx.$queryRaw<{ count: number }[]>`select count(*)::int as count from dead_letters where ${queue}`;
  return row?.count ?? 0;
}
