import {
  ListNotificationsInput,
  MarkReadInput,
  NotificationPage,
  NotificationPreferences,
  SetNotificationPreferencesInput,
  UnreadCount,
} from '@morket/contract/notification';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const NOTIFICATIONS = '/workspaces/{workspaceId}/notifications';
const PREFERENCES = '/workspaces/{workspaceId}/notification-preferences';

export const notificationRouter = t.router({
  list: workspaceProcedure('notification:read')
    .meta({ rest: { method: 'GET', path: NOTIFICATIONS }, summary: 'Your notifications, newest first' })
    .input(ListNotificationsInput)
    .output(NotificationPage)
    .query(({ ctx, input }) => ctx.services.notifications.list(ctx.scope, input)),
  unread: workspaceProcedure('notification:read')
    .meta({ rest: { method: 'GET', path: `${NOTIFICATIONS}/unread` }, summary: 'How many you have not read' })
    .output(UnreadCount)
    .query(({ ctx }) => ctx.services.notifications.unread(ctx.scope)),
  markRead: workspaceProcedure('notification:read')
    .meta({ rest: { method: 'POST', path: `${NOTIFICATIONS}/read` }, summary: 'Mark some of yours as read' })
    .input(MarkReadInput)
    .output(UnreadCount)
    .mutation(({ ctx, input }) => ctx.services.notifications.markRead(ctx.scope, input)),
  markAllRead: workspaceProcedure('notification:read')
    .meta({ rest: { method: 'POST', path: `${NOTIFICATIONS}/read-all` }, summary: 'Mark all of yours as read' })
    .output(UnreadCount)
    .mutation(({ ctx }) => ctx.services.notifications.markAllRead(ctx.scope)),
  preferences: workspaceProcedure('notification:read')
    .meta({ rest: { method: 'GET', path: PREFERENCES }, summary: 'What you hear of, where and how often' })
    .output(NotificationPreferences)
    .query(({ ctx }) => ctx.services.notifications.preferences(ctx.scope)),
  setPreferences: workspaceProcedure('notification:read')
    .meta({ rest: { method: 'PUT', path: PREFERENCES }, summary: 'Change what you hear of' })
    .input(SetNotificationPreferencesInput)
    .output(NotificationPreferences)
    .mutation(({ ctx, input }) => ctx.services.notifications.setPreferences(ctx.scope, input)),
});
