import type { RevokeReason } from '@morket/contract/auth';
import type { Reader, Tx } from '@morket/db';
import type { RequestOrigin } from '../access/index.ts';
import type { RefreshState } from './refresh.model.ts';

/** How long a session lives without a refresh, and in all; in seconds. */
export type SessionLifetimes = { readonly idleSeconds: number; readonly absoluteSeconds: number };

export type LockedSession = RefreshState & { readonly id: string; readonly userId: string; readonly now: Date };

export async function insertSession(
  tx: Tx,
  session: {
    readonly id: string;
    readonly userId: string;
    readonly keySalt: Uint8Array;
    readonly origin: RequestOrigin;
  },
  lifetimes: SessionLifetimes,
): Promise<void> {
  const { id, userId, keySalt, origin } = session;
  const { idleSeconds, absoluteSeconds } = lifetimes;
  await tx.$executeRaw`
    insert into sessions (id, user_id, key_salt, idle_expires_at, absolute_expires_at, ip, user_agent)
    values (${id}::uuid, ${userId}::uuid, ${keySalt},
            now() + make_interval(secs => least(${idleSeconds}::int, ${absoluteSeconds}::int)),
            now() + make_interval(secs => ${absoluteSeconds}::int), ${origin.ip}, ${origin.userAgent})`;
}

/** What a refresh token is checked against before anything is locked. */
export function findSessionKey(reader: Reader, sessionId: string) {
  return reader.session.findUnique({ where: { id: sessionId }, select: { keySalt: true, userId: true } });
}

/** Takes the lock on which refresh, revocation and logout of a session queue; `now` is read after the wait. */
export async function lockSession(tx: Tx, sessionId: string): Promise<LockedSession | null> {
  const [row] = await tx.$queryRaw<LockedSession[]>`
    select id, user_id as "userId", gen, observed_gen as "observedGen", rotated_at as "rotatedAt",
           rotation_key_hash as "rotationKeyHash", idle_expires_at as "idleExpiresAt",
           absolute_expires_at as "absoluteExpiresAt", revoked_at as "revokedAt", clock_timestamp() as now
      from sessions where id = ${sessionId}::uuid for update`;
  return row ?? null;
}

/** Moves the session to its next generation. The absolute expiry never moves. */
export async function rotateSession(
  tx: Tx,
  sessionId: string,
  rotation: { readonly keyHash: Uint8Array | null; readonly idleSeconds: number },
): Promise<void> {
  await tx.$executeRaw`
    update sessions
       set gen = gen + 1, rotated_at = clock_timestamp(), rotation_key_hash = ${rotation.keyHash}, last_seen_at = clock_timestamp(),
           idle_expires_at = least(clock_timestamp() + make_interval(secs => ${rotation.idleSeconds}::int), absolute_expires_at)
     where id = ${sessionId}::uuid`;
}

/** Ends the live sessions of a person that match, and tells which. */
export async function revokeSessions(
  tx: Tx,
  which: { readonly userId: string; readonly only?: string; readonly except?: string },
  reason: RevokeReason,
): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    update sessions set revoked_at = clock_timestamp(), revoke_reason = ${reason}
     where user_id = ${which.userId}::uuid and revoked_at is null
       and (${which.only ?? null}::uuid is null or id = ${which.only ?? null}::uuid)
       and (${which.except ?? null}::uuid is null or id <> ${which.except ?? null}::uuid)
    returning id`;
  return rows.map((row) => row.id);
}

const live = (userId: string) => ({ userId, revokedAt: null, idleExpiresAt: { gt: new Date() } });

export async function listSessions(
  reader: Reader,
  userId: string,
  { page, limit }: { readonly page: number; readonly limit: number },
) {
  const where = live(userId);
  const [rows, total] = await Promise.all([
    reader.session.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.session.count({ where }),
  ]);
  return { rows, total };
}

export async function setActiveWorkspace(tx: Tx, sessionId: string, workspaceId: string | null): Promise<void> {
  await tx.session.update({ where: { id: sessionId }, data: { activeWorkspaceId: workspaceId } });
}
