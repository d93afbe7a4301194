import { Forbidden } from '@morket/contract/errors';
import type { WebhookEndpoint } from '@morket/contract/webhook';
import type { Prisma, Reader, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import type { SealedSecret } from './signing.ts';

export type EndpointRow = Awaited<ReturnType<Reader['webhookEndpoint']['findFirstOrThrow']>>;

export const toEndpointDto = (row: EndpointRow): WebhookEndpoint => ({
  id: row.id,
  workspaceId: row.workspaceId,
  url: row.url,
  description: row.description,
  events: row.events,
  thin: row.thin,
  ordered: row.ordered,
  state: row.state,
  disabledReason: row.disabledReason,
  disabledAt: row.disabledAt,
  consecutiveFailures: row.consecutiveFailures,
  failingSince: row.failingSince,
  pausedUntil: row.pausedUntil,
  previousSecretUntil: row.previousSecretUntil,
  createdBy: row.createdBy,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

/**
 * The salt from which the keys of this workspace are derived. Whoever else adds an endpoint waits behind this, so that they can be
 * counted. Throws `access.forbidden` when the workspace has been deleted.
 */
export async function lockWorkspace(tx: Tx, scope: WorkspaceScope): Promise<Uint8Array> {
  const [row] = await tx.$queryRaw<{ salt: Uint8Array }[]>`
    select key_salt as salt from workspaces
     where id = ${scope.workspaceId}::uuid and deleted_at is null for no key update`;
  if (!row) throw Forbidden({});
  return row.salt;
}

const living = (scope: WorkspaceScope) => ({ workspaceId: scope.workspaceId, deletedAt: null });

export type Settings = Pick<EndpointRow, 'url' | 'description' | 'events' | 'thin' | 'ordered'>;

export function insertEndpoint(
  tx: Tx,
  scope: WorkspaceScope,
  endpoint: Settings & { readonly id: string; readonly secret: SealedSecret },
): Promise<EndpointRow> {
  const { id, url, description, events, thin, ordered, secret } = endpoint;
  return tx.webhookEndpoint.create({
    data: {
      ...{ workspaceId: scope.workspaceId, id, url, description, events, thin, ordered },
      ...{ sealedSecret: secret.sealed, keyVersion: secret.keyVersion, createdBy: scope.actorId },
    },
  });
}

export const findEndpoint = (reader: Reader, scope: WorkspaceScope, id: string): Promise<EndpointRow | null> =>
  reader.webhookEndpoint.findFirst({ where: { ...living(scope), id } });

/** Endpoints, newest first. */
export async function listEndpoints(
  reader: Reader,
  scope: WorkspaceScope,
  { page, limit }: { readonly page: number; readonly limit: number },
) {
  const where = living(scope);
  const [rows, total] = await Promise.all([
    reader.webhookEndpoint.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.webhookEndpoint.count({ where }),
  ]);
  return { items: rows.map(toEndpointDto), total };
}

/** Locks one endpoint of the workspace; null: there is none. New deliveries to it do not wait behind this. */
export async function lockEndpoint(tx: Tx, scope: WorkspaceScope, id: string): Promise<EndpointRow | null> {
  await tx.$queryRaw`
    select 1 from webhook_endpoints
     where workspace_id = ${scope.workspaceId}::uuid and id = ${id}::uuid and deleted_at is null for no key update`;
  return findEndpoint(tx, scope, id);
}

/** A receiver that is new, or that somebody vouches for, begins without a past. */
export const HEALTHY = { consecutiveFailures: 0, failingSince: null, pausedUntil: null } as const;

export const updateEndpoint = (
  tx: Tx,
  { workspaceId, id }: Pick<EndpointRow, 'workspaceId' | 'id'>,
  data: Prisma.WebhookEndpointUpdateInput,
): Promise<EndpointRow> =>
  tx.webhookEndpoint.update({
    where: { workspaceId_id: { workspaceId, id } },
    data: { ...data, updatedAt: new Date() },
  });
