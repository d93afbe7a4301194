import { hash } from 'node:crypto';
import type { Reader, Tx } from '@morket/db';
import superjson from 'superjson';
import type { Acting, Intent } from '../access/index.ts';

/** Whose intent it is, and which. */
export type Intended = Omit<Acting, 'intent'> & { readonly intent: Intent };

/** An answer that was given; `txid` names the transaction that brought its effect about. */
export type KeptAnswer = { readonly fingerprint: Uint8Array; readonly answer: unknown; readonly txid: string };

type Row = { readonly fingerprint: Uint8Array; readonly answer: string; readonly txid: string };

/**
 * Under which an answer is found: a key is its caller's own, in one workspace, for one procedure, and where that acts on a session, in
 * that one. Each part comes with its length, so that
 * no two lists of parts read alike. The key itself is stored nowhere.
 */
export function answerId({ workspaceId, actorId, apiKeyId, intent }: Intended): Uint8Array {
  const { procedure, key, sessionId = '-' } = intent;
  const parts = [workspaceId ?? '-', apiKeyId ?? actorId ?? '-', sessionId, procedure, key];
  const named = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  return new Uint8Array(hash('sha256', named, 'buffer'));
}

const toKeptAnswer = ({ fingerprint, answer, txid }: Row): KeptAnswer => ({
  fingerprint,
  answer: superjson.parse(answer),
  txid,
});

export async function findAnswer(reader: Reader, id: Uint8Array): Promise<KeptAnswer | null> {
  const [row] = await reader.$queryRaw<Row[]>`
    select fingerprint, answer::text as answer, txid::text as txid from request_answers where id = ${id}`;
  return row ? toKeptAnswer(row) : null;
}

/** A quarter of its bits is enough for a lock: a stranger who shares them is told to come again. */
const lockOf = (id: Uint8Array): bigint => Buffer.from(id).readBigInt64BE();

/**
 * Looks an answer up, and makes the caller the only one at work under this id until the transaction ends; `held` while another one is.
 * An answer that a twin commits after the statement began and before it took the lock is not seen here: `keepAnswer` meets it.
 */
export async function enter(tx: Tx, id: Uint8Array): Promise<KeptAnswer | 'held' | null> {
  const [row] = await tx.$queryRaw<
    (({ readonly isKept: true } & Row) | { readonly isKept: false; readonly entered: boolean })[]
  >`
    select pg_try_advisory_xact_lock(${lockOf(id)}::bigint) as entered, a.id is not null as "isKept",
           a.fingerprint, a.answer::text as answer, a.txid::text as txid
      from (select) one left join request_answers a on a.id = ${id}`;
  if (row?.isKept) return toKeptAnswer(row);
  return row?.entered ? null : 'held';
}

/** Waits until nobody is at work under this id. */
export async function waitFor(tx: Tx, id: Uint8Array): Promise<void> {
  await tx.$queryRaw`select pg_advisory_xact_lock(${lockOf(id)}::bigint)::text`;
}

/** Keeps an answer and gives the transaction; null where a twin has kept one a moment ago. */
export async function keepAnswer(
  tx: Tx,
  id: Uint8Array,
  kept: { readonly fingerprint: Uint8Array; readonly answer: unknown },
): Promise<string | null> {
  const [row] = await tx.$queryRaw<{ readonly txid: string }[]>`
    insert into request_answers (id, fingerprint, answer)
    values (${id}, ${kept.fingerprint}, ${superjson.stringify(kept.answer)}::json)
    on conflict do nothing returning txid::text as txid`;
  return row?.txid ?? null;
}
