import { Forbidden } from '@morket/contract/errors';
import {
  type ListNotificationsInput,
  type MarkReadInput,
  NOTIFICATION_TYPES,
  type Notification,
  type NotificationPreferences,
  NotificationType,
  type SetNotificationPreferencesInput,
  type UnreadCount,
} from '@morket/contract/notification';
import { can } from '@morket/contract/permissions';
import type { Page } from '@morket/contract/primitives';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import * as repo from './notification.repo.ts';
import { findPreferences, lockMembership, savePreferences } from './preference.repo.ts';

/** Asked again at each read: whoever lost a role does not see what came with it. */
const visibleTo = ({ role }: WorkspaceScope): NotificationType[] =>
  NotificationType.options.filter((type) => can(role, NOTIFICATION_TYPES[type].permission));

const ownerOf = ({ workspaceId, actorId }: WorkspaceScope) => ({ workspaceId, userId: actorId });

/** What one person should know of in one workspace. Nobody sees anybody else's. */
export function createNotificationService({ db }: { readonly db: Db }) {
  const unread = async (scope: WorkspaceScope): Promise<UnreadCount> => ({
    unread: await repo.countUnread(db.read, scope, visibleTo(scope)),
  });

  async function list(scope: WorkspaceScope, input: ListNotificationsInput): Promise<Page<Notification>> {
    const { items, total } = await repo.listNotifications(db.read, scope, visibleTo(scope), input);
    return { items, page: input.page, limit: input.limit, total };
  }

  async function mark(scope: WorkspaceScope, ids: readonly string[] | 'all'): Promise<UnreadCount> {
    // no record: a mark on one's own list.
    return once(db, scope, async (tx) => {
      await repo.markRead(tx, scope, ids);
      return { unread: await repo.countUnread(tx, scope, visibleTo(scope)) };
    });
  }

  const preferences = (scope: WorkspaceScope): Promise<NotificationPreferences> =>
    findPreferences(db.read, ownerOf(scope));

  /** What is left out stays. Throws `access.forbidden` for somebody who has just left. */
  async function setPreferences(
    scope: WorkspaceScope,
    input: SetNotificationPreferencesInput,
  ): Promise<NotificationPreferences> {
    const owner = ownerOf(scope);
    // no record: how one person wants to be told is nobody else's business.
    return once(db, scope, async (tx) => {
      if (!(await lockMembership(tx, owner))) throw Forbidden({});
      await savePreferences(tx, owner, input);
      return findPreferences(tx, owner);
    });
  }

  return {
    list,
    unread,
    markRead: (scope: WorkspaceScope, { notificationIds }: MarkReadInput) => mark(scope, notificationIds),
    markAllRead: (scope: WorkspaceScope) => mark(scope, 'all'),
    preferences,
    setPreferences,
  };
}

export type NotificationService = ReturnType<typeof createNotificationService>;
