import { InvalidInput } from '@morket/contract/errors';
import {
  type Channels,
  NOTIFICATION_TYPES,
  type NotificationPreferences,
  NotificationType,
  type SetNotificationPreferencesInput,
} from '@morket/contract/notification';
import type { Reader, Tx } from '@morket/db';

type Owner = { readonly workspaceId: string; readonly userId: string };

/** How a person hears of each type of thing: by default, but for what they chose. */
type Types = Readonly<Record<NotificationType, Channels>>;

/** When a person gets mail who has not said so; counted with by SQL too. */
export const DEFAULTS = { mailFrequency: 'instant', digestHour: 8, timeZone: 'UTC' } as const;

const byDefault = (): Record<NotificationType, Channels> => ({
  membership: NOTIFICATION_TYPES.membership.channels,
  billing: NOTIFICATION_TYPES.billing.channels,
  security: NOTIFICATION_TYPES.security.channels,
  webhooks: NOTIFICATION_TYPES.webhooks.channels,
  jobs: NOTIFICATION_TYPES.jobs.channels,
  forms: NOTIFICATION_TYPES.forms.channels,
});

/** A type that is no more, of a row that is older than this version, counts for nothing. */
function chosen(rows: readonly ({ readonly type: string } & Channels)[]): Types {
  const types = byDefault();
  for (const { type, inApp, email } of rows) {
    const known = NotificationType.safeParse(type);
    if (known.success) types[known.data] = { inApp, email };
  }
  return types;
}

/** How these people hear of one type of thing. */
export async function channelsOf(
  tx: Tx,
  { workspaceId, userIds, type }: { workspaceId: string; userIds: readonly string[]; type: NotificationType },
): Promise<(userId: string) => Channels> {
  const rows = await tx.notificationPreference.findMany({ where: { workspaceId, type, userId: { in: [...userIds] } } });
  const own = new Map(rows.map(({ userId, inApp, email }) => [userId, { inApp, email }]));
  return (userId) => own.get(userId) ?? NOTIFICATION_TYPES[type].channels;
}

export async function findPreferences(reader: Reader, owner: Owner): Promise<NotificationPreferences> {
  const [settings, rows] = await Promise.all([
    reader.notificationSettings.findUnique({ where: { workspaceId_userId: { ...owner } } }),
    reader.notificationPreference.findMany({ where: owner }),
  ]);
  return {
    mailFrequency: settings?.mailFrequency ?? DEFAULTS.mailFrequency,
    digestHour: settings?.digestHour ?? DEFAULTS.digestHour,
    timeZone: settings?.timeZone ?? DEFAULTS.timeZone,
    types: chosen(rows),
  };
}

/** Changes of one person's preferences queue on it, and news for them need not wait; false where they are no member. */
export async function lockMembership(tx: Tx, { workspaceId, userId }: Owner): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    select from memberships where workspace_id = ${workspaceId}::uuid and user_id = ${userId}::uuid for no key update`;
  return rows.length > 0;
}

/** Throws `request.invalid_input` for a zone that the database, which counts by it, does not know. */
async function assertZoneIsKnown(tx: Tx, zone: string): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`select from pg_timezone_names where name = ${zone}`;
  if (rows.length > 0) return;
  throw InvalidInput({ issues: [{ path: 'timeZone', message: 'is not known' }], omittedIssues: 0 });
}

/**
 * Saves what is given and nothing else: a default that changes is to reach everybody who has not chosen. Throws `request.invalid_input` for
 * a time zone that the database does not know.
 */
export async function savePreferences(tx: Tx, owner: Owner, given: SetNotificationPreferencesInput): Promise<void> {
  const { mailFrequency, digestHour, timeZone, types = {} } = given;
  if (timeZone !== undefined) await assertZoneIsKnown(tx, timeZone);
  const settings = {
    ...(mailFrequency !== undefined && { mailFrequency }),
    ...(digestHour !== undefined && { digestHour }),
    ...(timeZone !== undefined && { timeZone }),
  };
  if (Object.keys(settings).length > 0) {
    await tx.notificationSettings.upsert({
      where: { workspaceId_userId: { ...owner } },
      create: { ...owner, ...settings },
      update: settings,
    });
  }
  for (const type of NotificationType.options) {
    const channels = types[type];
    if (!channels) continue;
    await tx.notificationPreference.upsert({
      where: { workspaceId_userId_type: { ...owner, type } },
      create: { ...owner, type, ...channels },
      update: channels,
    });
  }
}
