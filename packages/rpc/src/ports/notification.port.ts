import type {
  ListNotificationsInput,
  MarkReadInput,
  Notification,
  NotificationPreferences,
  SetNotificationPreferencesInput,
  UnreadCount,
} from '@morket/contract/notification';
import type { Page } from '@morket/contract/primitives';
import type { WorkspaceScope } from '@morket/domain/access';

export type NotificationPort = {
  list(scope: WorkspaceScope, input: ListNotificationsInput): Promise<Page<Notification>>;
  unread(scope: WorkspaceScope): Promise<UnreadCount>;
  markRead(scope: WorkspaceScope, input: MarkReadInput): Promise<UnreadCount>;
  markAllRead(scope: WorkspaceScope): Promise<UnreadCount>;
  preferences(scope: WorkspaceScope): Promise<NotificationPreferences>;
  setPreferences(scope: WorkspaceScope, input: SetNotificationPreferencesInput): Promise<NotificationPreferences>;
};
