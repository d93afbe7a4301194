import type { Permission } from '../permissions/index.ts';
import type { Channels, NotificationType } from './notification.schema.ts';

/** Whom a type of notification concerns, and how they hear of it unless they say otherwise. */
export const NOTIFICATION_TYPES: Readonly<
  Record<NotificationType, { readonly permission: Permission; readonly channels: Channels }>
> = {
  membership: { permission: 'workspace:read', channels: { inApp: true, email: true } },
  billing: { permission: 'billing:manage', channels: { inApp: true, email: true } },
  security: { permission: 'apiKey:manage', channels: { inApp: true, email: true } },
  webhooks: { permission: 'webhook:manage', channels: { inApp: true, email: true } },
  jobs: { permission: 'job:manage', channels: { inApp: true, email: false } },
  forms: { permission: 'form:read', channels: { inApp: true, email: false } },
};
