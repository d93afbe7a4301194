export {
  type Channels,
  ListNotificationsInput,
  MailFrequency,
  MarkReadInput,
  Notification,
  NotificationPage,
  NotificationPreferences,
  NotificationType,
  SetNotificationPreferencesInput,
  UnreadCount,
} from './notification.schema.ts';
export { NOTIFICATION_TYPES } from './notification-types.ts';
