import { z } from 'zod';
import { Id, PageInput, pageOf } from '../primitives/index.ts';

/** What a preference is about. */
export const NotificationType = z.enum(['membership', 'billing', 'security', 'webhooks', 'jobs', 'forms']);
export type NotificationType = z.infer<typeof NotificationType>;

export const Notification = z.object({
  id: Id,
  workspaceId: Id,
  type: NotificationType,
  /** The event it came from. */
  event: z.string().meta({ examples: ['billing.balance_low'] }),
  title: z.string().meta({ examples: ['Credits are running low'] }),
  body: z.string().meta({ examples: ['12 credits are left; automatic recharge begins below 50.'] }),
  entityType: z.string().meta({ examples: ['billing_account'] }),
  entityId: z.string(),
  /** Who did it; null for Morket itself. */
  actorId: Id.nullable(),
  createdAt: z.date(),
  readAt: z.date().nullable(),
});
export type Notification = z.infer<typeof Notification>;

export const ListNotificationsInput = z
  .object({ ...PageInput.unwrap().shape, unreadOnly: z.boolean().default(false) })
  .prefault({});
export type ListNotificationsInput = z.infer<typeof ListNotificationsInput>;

export const NotificationPage = pageOf(Notification);

export const UnreadCount = z.object({ unread: z.int().meta({ examples: [3] }) });
export type UnreadCount = z.infer<typeof UnreadCount>;

/** Those of others, and those that are read already, are left as they are. */
export const MarkReadInput = z.object({ notificationIds: z.array(Id).min(1).max(100) });
export type MarkReadInput = z.infer<typeof MarkReadInput>;

/** `instant`: a few minutes after it happened, unless it was read by then. `daily`: together, at `digestHour`. */
export const MailFrequency = z.enum(['instant', 'hourly', 'daily', 'never']);
export type MailFrequency = z.infer<typeof MailFrequency>;

const TimeZone = z
  .string()
  .max(64)
  .refine((zone) => {
    try {
      // The database reads it too, and takes names alone.
      return /^[A-Za-z]/.test(zone) && new Intl.DateTimeFormat('en', { timeZone: zone }) !== null;
    } catch {
      return false;
    }
  }, 'must be a time zone like Europe/Zurich')
  .meta({ examples: ['Europe/Zurich'] });

const Channels = z.object({ inApp: z.boolean(), email: z.boolean() });
export type Channels = z.infer<typeof Channels>;

const ByType = z.object({
  membership: Channels,
  billing: Channels,
  security: Channels,
  webhooks: Channels,
  jobs: Channels,
  forms: Channels,
} satisfies Record<NotificationType, typeof Channels>);

/** One person's, in one workspace. */
export const NotificationPreferences = z.object({
  mailFrequency: MailFrequency,
  /** 0 to 23, in `timeZone`. */
  digestHour: z.int(),
  timeZone: z.string().meta({ examples: ['Europe/Zurich'] }),
  types: ByType,
});
export type NotificationPreferences = z.infer<typeof NotificationPreferences>;

/** What is left out stays. */
export const SetNotificationPreferencesInput = z.object({
  mailFrequency: MailFrequency.optional(),
  digestHour: z.int().min(0).max(23).optional(),
  timeZone: TimeZone.optional(),
  types: ByType.partial().strict().optional(),
});
export type SetNotificationPreferencesInput = z.infer<typeof SetNotificationPreferencesInput>;
