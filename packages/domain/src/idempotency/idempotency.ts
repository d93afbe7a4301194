import { createHash } from 'node:crypto';
import { IdempotencyMismatch } from '@morket/contract/errors';
import type { Prisma, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';

/** One intended effect. `input` holds the fields that decide it, named one by one: neither the key nor how the tenant was named. */
export type Keyed = {
  readonly procedure: string;
  readonly key: string;
  readonly input: Readonly<Record<string, unknown>>;
};

/** The same for the same input, whatever the order of its keys. */
function fingerprintOf(input: Keyed['input']): Buffer {
  const entries = Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest();
}

/**
 * The answer first given under this key by this caller, or null. Call it after taking the lock on which the effect queues:
 * before it, a twin that is about to commit would be missed. Throws `idempotency.mismatch`.
 */
export async function findAnswer(tx: Tx, scope: WorkspaceScope, keyed: Keyed): Promise<Prisma.JsonValue | null> {
  const { procedure, key, input } = keyed;
  const row = await tx.idempotencyKey.findUnique({
    where: {
      workspaceId_principalId_procedure_key: {
        workspaceId: scope.workspaceId,
        principalId: scope.actorId,
        procedure,
        key,
      },
    },
    select: { fingerprint: true, answer: true },
  });
  if (!row) return null;
  if (!fingerprintOf(input).equals(row.fingerprint)) throw IdempotencyMismatch({ idempotencyKey: key });
  return row.answer;
}

/** Keeps the answer in the transaction of the effect, so that it is there exactly when the effect is. */
export async function keepAnswer(
  tx: Tx,
  scope: WorkspaceScope,
  keyed: Keyed,
  answer: Prisma.InputJsonValue,
): Promise<void> {
  await tx.$executeRaw`
    insert into idempotency_keys (workspace_id, principal_id, procedure, key, fingerprint, answer)
    values (${scope.workspaceId}::uuid, ${scope.actorId}::uuid, ${keyed.procedure}, ${keyed.key},
            ${fingerprintOf(keyed.input)}, ${JSON.stringify(answer)}::jsonb)`;
}
