import { hash } from 'node:crypto';
import { IdempotencyMismatch } from '@morket/contract/errors';
import { Prisma } from '@morket/db';
import type { Acting } from '../access/index.ts';

/** One intended effect under the caller's key; `fingerprint` (SHA-256, base64) stands for its arguments. */
export type Keyed = { readonly procedure: string; readonly key: string; readonly fingerprint: string };

/** Whose key it is: a key is a caller's own, inside one workspace, and an API key is a caller beside whoever made it. */
export type KeyOwner = Pick<Acting, 'actorId' | 'apiKeyId'> & { readonly workspaceId: string };

const principalOf = ({ apiKeyId, actorId }: KeyOwner): string | null => apiKeyId ?? actorId;

type KeptAnswer = { readonly fingerprint: string; readonly answer: unknown };
/** Answers that were given before, by `answerName`. */
export type Answers = ReadonlyMap<string, KeptAnswer>;
export type NewAnswer = { readonly owner: KeyOwner; readonly keyed: Keyed; readonly answer: unknown };

/**
 * The effect that a caller means by a key; null without one. `input` holds the fields that decide it, named one by one: neither the key
 * nor how the tenant was named. The order of the fields does not matter.
 */
export function keyedBy(
  procedure: string,
  key: string | undefined,
  input: Readonly<Record<string, unknown>>,
): Keyed | null {
  if (key === undefined) return null;
  const entries = Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { procedure, key, fingerprint: hash('sha256', JSON.stringify(entries), 'base64') };
}

/** Under which an answer is found. */
export const answerName = (owner: KeyOwner, { procedure, key }: Pick<Keyed, 'procedure' | 'key'>) =>
  `${owner.workspaceId} ${principalOf(owner)} ${procedure} ${key}`;

/** Throws `idempotency.mismatch` when the key was used for another effect. */
export function assertSameEffect(kept: { readonly fingerprint: string }, { key, fingerprint }: Keyed): void {
  if (kept.fingerprint !== fingerprint) throw IdempotencyMismatch({ idempotencyKey: key });
}

type Wanted = { readonly owner: KeyOwner; readonly keyed: Keyed };

/** A scalar subquery: the kept answers of these keys as one JSON array. Read it after taking the locks on which the effects queue. */
export function answersQuery(wanted: readonly Wanted[]): Prisma.Sql {
  if (wanted.length === 0) return Prisma.sql`'[]'::json`;
  const keys = JSON.stringify(
    wanted.map(({ owner, keyed }) => ({
      w: owner.workspaceId,
      a: principalOf(owner),
      p: keyed.procedure,
      k: keyed.key,
    })),
  );
  return Prisma.sql`(
    select coalesce(json_agg(json_build_object('w', i.workspace_id, 'a', i.principal_id, 'p', i.procedure, 'k', i.key,
                                               'f', encode(i.fingerprint, 'base64'), 'answer', i.answer)), '[]')
      from json_to_recordset(${keys}::json) as wanted (w uuid, a uuid, p text, k text)
      cross join lateral (
        select * from idempotency_keys x
         where x.workspace_id = wanted.w and x.principal_id = wanted.a and x.procedure = wanted.p and x.key = wanted.k
        offset 0) i)`;
}

/** One row of what `answersQuery` yields. */
export type AnswerJson = {
  readonly w: string;
  readonly a: string;
  readonly p: string;
  readonly k: string;
  readonly f: string;
  readonly answer: unknown;
};

export function toAnswers(rows: readonly AnswerJson[]): Answers {
  return new Map(
    rows.map(({ w, a, p, k, f, answer }) => [
      answerName({ workspaceId: w, actorId: a }, { procedure: p, key: k }),
      { fingerprint: f, answer },
    ]),
  );
}

/**
 * New answers as a SELECT for `keepAnswersStatement`. A verb may make one of its own, with the same columns: w(orkspace), a(cting
 * principal),
 * p(rocedure), k(ey), f(ingerprint, base64), answer.
 */
export function answersSource(answers: readonly NewAnswer[]): Prisma.Sql {
  const rows = JSON.stringify(
    answers.map(({ owner, keyed, answer }) => ({
      ...{ w: owner.workspaceId, a: principalOf(owner), p: keyed.procedure, k: keyed.key, f: keyed.fingerprint },
      answer,
    })),
  );
  return Prisma.sql`
    select w, a, p, k, f, answer
      from json_to_recordset(${rows}::json) as kept (w uuid, a uuid, p text, k text, f text, answer jsonb)`;
}

/** An INSERT that keeps answers in the transaction of their effects, so that they are there exactly when the effects are. */
export const keepAnswersStatement = (source: Prisma.Sql): Prisma.Sql => Prisma.sql`
  insert into idempotency_keys (workspace_id, principal_id, procedure, key, fingerprint, answer)
  select w, a, p, k, decode(f, 'base64'), answer from (${source}) kept`;
