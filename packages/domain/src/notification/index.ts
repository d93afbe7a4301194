export { createDigestMailer, type DigestMailer } from './digest-mailer.ts';
export { createNotificationService, type NotificationService } from './notification.service.ts';
export { notifier } from './notifier.ts';
