import type { StoredEvent } from '@morket/contract/events';
import type { ListNotificationsInput, Notification, NotificationType } from '@morket/contract/notification';
import type { Role } from '@morket/contract/permissions';
import { Prisma, type Reader, type Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import type { News } from './notification.rules.ts';

type Row = Omit<Notification, 'type'> & { readonly type: string };

// The consumer alone writes them, by the contract's types.
const toNotificationDto = ({ type, ...row }: Row): Notification => ({ ...row, type: type as NotificationType });

const COLUMNS = {
  ...{ id: true, workspaceId: true, type: true, event: true, title: true, body: true, entityType: true },
  ...{ entityId: true, actorId: true, createdAt: true, readAt: true },
} as const;

export type Recipient = { readonly userId: string; readonly role: Role };

/** The members of a workspace who are able to sign in; with `userId` that one alone. */
export function listRecipients(tx: Tx, workspaceId: string, userId: string | null): Promise<Recipient[]> {
  const one = userId === null ? Prisma.empty : Prisma.sql`and m.user_id = ${userId}::uuid`;
  return tx.$queryRaw<Recipient[]>`
    select m.user_id as "userId", m.role::text as role
      from memberships m join users u on u.id = m.user_id
     where m.workspace_id = ${workspaceId}::uuid and u.disabled_at is null ${one}`;
}

export type Addressed = {
  readonly id: string;
  readonly userId: string;
  readonly isInApp: boolean;
  readonly byMail: boolean;
};

/** Writes one piece of news for each person; whoever has it already gets nothing. */
export async function insertNews(
  tx: Tx,
  event: StoredEvent & { readonly workspaceId: string },
  news: News,
  people: readonly Addressed[],
): Promise<void> {
  const { type, title, body, dedupeKey } = news;
  await tx.notification.createMany({
    data: people.map(({ id, userId, isInApp, byMail }) => ({
      ...{ workspaceId: event.workspaceId, id, userId, type, event: event.name, title, body, dedupeKey, isInApp },
      ...{ entityType: event.aggregate.type, entityId: event.aggregate.id, actorId: event.actorId },
      mail: byMail ? 'waiting' : 'none',
      createdAt: event.createdAt,
    })),
    skipDuplicates: true,
  });
}

const shownTo = ({ workspaceId, actorId }: WorkspaceScope, types: readonly NotificationType[]) => ({
  ...{ workspaceId, userId: actorId, isInApp: true, type: { in: [...types] } },
});

/** One person's own, newest first, of the types their role may see. */
export async function listNotifications(
  reader: Reader,
  scope: WorkspaceScope,
  types: readonly NotificationType[],
  { page, limit, unreadOnly }: ListNotificationsInput,
) {
  const where = { ...shownTo(scope, types), ...(unreadOnly && { readAt: null }) };
  const [rows, total] = await Promise.all([
    reader.notification.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
      select: COLUMNS,
    }),
    reader.notification.count({ where }),
  ]);
  return { items: rows.map(toNotificationDto), total };
}

export function countUnread(
  reader: Reader,
  scope: WorkspaceScope,
  types: readonly NotificationType[],
): Promise<number> {
  return reader.notification.count({ where: { ...shownTo(scope, types), readAt: null } });
}

/** Marks some of a person's own, or all of them. */
export async function markRead(tx: Tx, scope: WorkspaceScope, ids: readonly string[] | 'all'): Promise<void> {
  const some = ids === 'all' ? Prisma.empty : Prisma.sql`and id = any(${[...ids]}::uuid[])`;
  await tx.$executeRaw`
    update notifications set read_at = now()
     where workspace_id = ${scope.workspaceId}::uuid and user_id = ${scope.actorId}::uuid and read_at is null ${some}`;
}
