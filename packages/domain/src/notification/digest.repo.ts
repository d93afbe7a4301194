import type { NotificationType } from '@morket/contract/notification';
import type { Role } from '@morket/contract/permissions';
import type { Reader, Tx } from '@morket/db';
import { DEFAULTS } from './preference.repo.ts';

/** Long enough to read it in the app first, short enough to be of use. */
const PATIENCE_SECONDS = 5 * 60;
/** What whoever sends a message has, before another takes it over; doubles with each attempt, so that it is the pause between two as well. */
const LEASE_SECONDS = 2 * 60;
const MAX_LEASE_SECONDS = 6 * 3_600;
/** What could not be sent by then is no news any more. */
const KEEP_TRYING_DAYS = 3;

export type Owner = { readonly workspaceId: string; readonly userId: string };

/**
 * Those whose mail is due, longest due first: minutes after the event, with the new hour, or at the hour they chose in the zone they live
 * in. Who wants none by now is due at once: there is something to drop.
 */
export function listDue(reader: Reader, limit: number): Promise<Owner[]> {
  const { mailFrequency, digestHour, timeZone } = DEFAULTS;
  return reader.$queryRaw<Owner[]>`
    with waiting as (
      select n.workspace_id, n.user_id, min(n.created_at) as since,
             coalesce(s.mail_frequency, ${mailFrequency}::mail_frequency) as frequency,
             make_interval(hours => coalesce(s.digest_hour, ${digestHour}::int)) as hour, coalesce(s.time_zone, ${timeZone}) as zone
        from notifications n
        left join notification_settings s on s.workspace_id = n.workspace_id and s.user_id = n.user_id
       where n.mail = 'waiting'
       group by n.workspace_id, n.user_id, s.mail_frequency, s.digest_hour, s.time_zone),
    timed as (
      select workspace_id, user_id,
             case frequency
               when 'instant' then since + make_interval(secs => ${PATIENCE_SECONDS}::int)
               when 'hourly' then date_trunc('hour', since) + interval '1 hour'
               when 'daily' then (date_trunc('day', (since at time zone zone) - hour) + interval '1 day' + hour) at time zone zone
               else since end as due
        from waiting)
    select workspace_id as "workspaceId", user_id as "userId" from timed where due <= now() order by due limit ${limit}::int`;
}

/** Messages that somebody began to send and never finished, longest due first. */
export async function listAbandoned(reader: Reader, limit: number): Promise<readonly string[]> {
  const rows = await reader.$queryRaw<{ mailId: string }[]>`
    select mail_id as "mailId" from notifications
     where mail = 'claimed' and mail_leased_until < now()
     group by mail_id order by min(mail_leased_until) limit ${limit}::int`;
  return rows.map(({ mailId }) => mailId);
}

/** One message at a time for each person; false where another worker is at it. */
export async function lockOwner(tx: Tx, { workspaceId, userId }: Owner): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ locked: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended(${`notification mail ${workspaceId} ${userId}`}, 0)) as locked`;
  return row?.locked === true;
}

/** What needs no mail any more: it was read, its reader wants none, or it is too old. */
export async function dropNeedless(tx: Tx, { workspaceId, userId }: Owner): Promise<void> {
  await tx.$executeRaw`
    update notifications n set mail = 'none'
     where n.workspace_id = ${workspaceId}::uuid and n.user_id = ${userId}::uuid and n.mail = 'waiting'
       and ((n.read_at is not null and n.is_in_app)
            or n.created_at < now() - make_interval(days => ${KEEP_TRYING_DAYS}::int)
            or exists (select from notification_settings s
                        where s.workspace_id = n.workspace_id and s.user_id = n.user_id and s.mail_frequency = 'never'))`;
}

export async function claim(tx: Tx, { workspaceId, userId }: Owner, mailId: string): Promise<void> {
  await tx.$executeRaw`
    update notifications
       set mail = 'claimed', mail_id = ${mailId}::uuid, mail_attempts = 1,
           mail_leased_until = now() + make_interval(secs => ${LEASE_SECONDS}::int)
     where workspace_id = ${workspaceId}::uuid and user_id = ${userId}::uuid and mail = 'waiting'`;
}

/** Takes an abandoned message over; false where another worker has, or where it is too old to be of use. */
export async function claimAbandoned(tx: Tx, mailId: string): Promise<boolean> {
  await tx.$executeRaw`
    update notifications set mail = 'none', mail_leased_until = null
     where mail_id = ${mailId}::uuid and mail = 'claimed' and mail_leased_until < now()
       and created_at < now() - make_interval(days => ${KEEP_TRYING_DAYS}::int)`;
  const taken = await tx.$executeRaw`
    update notifications
       set mail_attempts = mail_attempts + 1,
           mail_leased_until = now()
             + make_interval(secs => least(${LEASE_SECONDS}::int * power(2, mail_attempts), ${MAX_LEASE_SECONDS}::int))
     where mail_id = ${mailId}::uuid and mail = 'claimed' and mail_leased_until < now()`;
  return taken > 0;
}

export type DigestItem = {
  readonly type: NotificationType;
  readonly title: string;
  readonly body: string;
  readonly createdAt: Date;
  readonly email: string;
  readonly role: Role;
  readonly workspaceName: string;
};

/** What a claimed message tells, oldest first, with the address and the role of its reader as they are now. */
export function readClaimed(reader: Reader, mailId: string): Promise<DigestItem[]> {
  return reader.$queryRaw<DigestItem[]>`
    select n.type, n.title, n.body, n.created_at as "createdAt", u.email, m.role::text as role, w.name as "workspaceName"
      from notifications n
      join memberships m on m.workspace_id = n.workspace_id and m.user_id = n.user_id
      join users u on u.id = n.user_id
      join workspaces w on w.id = n.workspace_id
     where n.mail_id = ${mailId}::uuid and n.mail = 'claimed' and u.disabled_at is null and w.deleted_at is null
     order by n.created_at, n.id`;
}

/** Nothing more goes out in this message: it was sent, or was refused for good. */
export async function finish(reader: Reader, mailId: string, mail: 'sent' | 'none'): Promise<void> {
  await reader.$executeRaw`
    update notifications set mail = ${mail}::notification_mail, mail_leased_until = null
     where mail_id = ${mailId}::uuid and mail = 'claimed'`;
}
