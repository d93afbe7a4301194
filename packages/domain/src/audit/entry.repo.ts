import type { AuditEntry, AuditPerson, ListAuditInput } from '@morket/contract/audit';
import { Prisma, type Reader } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';

type Filter = ListAuditInput;

type Row = Omit<AuditEntry, 'actor' | 'impersonator' | 'apiKey' | 'before' | 'after'> & {
  readonly actorId: string | null;
  readonly actorName: string | null;
  readonly actorEmail: string | null;
  readonly impersonatorId: string | null;
  readonly impersonatorName: string | null;
  readonly impersonatorEmail: string | null;
  readonly apiKeyId: string | null;
  readonly apiKeyName: string | null;
  readonly changes: { readonly before?: unknown; readonly after?: unknown };
};

const person = (id: string | null, name: string | null, email: string | null): AuditPerson | null =>
  id === null ? null : { id, name, email };

const UNREADABLE: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A key that JavaScript takes for something of its own stands behind an underscore: readers of the log would refuse all of it. */
function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [UNREADABLE.has(key) ? `_${key}` : key, readable(item)]),
  );
}
const fieldsOf = (value: unknown) => readable(value ?? {}) as AuditEntry['before']; // what `record` writes on either side

const toEntryDto = (row: Row): AuditEntry => ({
  id: row.id,
  createdAt: row.createdAt,
  action: row.action,
  entityType: row.entityType,
  entityId: row.entityId,
  actor: person(row.actorId, row.actorName, row.actorEmail),
  impersonator: person(row.impersonatorId, row.impersonatorName, row.impersonatorEmail),
  apiKey: row.apiKeyId === null ? null : { id: row.apiKeyId, name: row.apiKeyName },
  requestId: row.requestId,
  before: fieldsOf(row.changes.before),
  after: fieldsOf(row.changes.after),
});

const cursorOf = ({ createdAt, id }: AuditEntry): string => `${createdAt.getTime()}.${id}`;

function behind(cursor: string): Prisma.Sql {
  const [ms = '', id = ''] = cursor.split('.');
  const at = new Date(Number(ms)).toISOString();
  // The first comparison is what the index finds; the second parts those of one millisecond.
  return Prisma.sql`e.created_at <= ${at}::timestamptz and (e.created_at, e.id) < (${at}::timestamptz, ${id}::uuid)`;
}

/** All of a domain (`billing.*`) or one action. `_` stands for any character in LIKE, unless it is marked. */
const acted = (action: string): Prisma.Sql =>
  action.endsWith('.*')
    ? Prisma.sql`e.action like ${`${action.slice(0, -1).replaceAll('_', '\\_')}%`}`
    : Prisma.sql`e.action = ${action}`;

function conditions(scope: WorkspaceScope, filter: Filter): Prisma.Sql {
  const { actorId, apiKeyId, action, entityType, entityId, from, to, cursor } = filter;
  const all = [
    Prisma.sql`e.workspace_id = ${scope.workspaceId}::uuid`,
    actorId !== undefined && Prisma.sql`e.actor_id = ${actorId}::uuid`,
    apiKeyId !== undefined && Prisma.sql`e.api_key_id = ${apiKeyId}::uuid`,
    action !== undefined && acted(action),
    entityType !== undefined && Prisma.sql`e.entity_type = ${entityType}`,
    entityId !== undefined && Prisma.sql`e.entity_id = ${entityId}`,
    from !== undefined && Prisma.sql`e.created_at >= ${from}::timestamptz`,
    to !== undefined && Prisma.sql`e.created_at < ${to}::timestamptz`,
    cursor !== undefined && behind(cursor),
  ];
  return Prisma.join(
    all.filter((condition) => condition !== false),
    ' and ',
  );
}

/** Entries, newest first, and where to go on. People are called as they are called now. */
export async function listEntries(
  reader: Reader,
  scope: WorkspaceScope,
  filter: Filter,
): Promise<{ items: AuditEntry[]; nextCursor: string | null }> {
  const rows = await reader.$queryRaw<Row[]>`
    select e.id::text, e.created_at as "createdAt", e.action, e.entity_type as "entityType", e.entity_id as "entityId",
           e.api_key_id::text as "apiKeyId", key.name as "apiKeyName", e.request_id::text as "requestId", e.changes,
           e.actor_id::text as "actorId", actor.name as "actorName", actor.email as "actorEmail",
           e.impersonator_id::text as "impersonatorId", impersonator.name as "impersonatorName",
           impersonator.email as "impersonatorEmail"
      from audit_log e
      left join users actor on actor.id = e.actor_id
      left join users impersonator on impersonator.id = e.impersonator_id
      left join api_keys key on key.id = e.api_key_id and key.workspace_id = e.workspace_id
     where ${conditions(scope, filter)}
     order by e.created_at desc, e.id desc
     limit ${filter.limit + 1}`;
  const items = rows.slice(0, filter.limit).map(toEntryDto);
  const last = rows.length > filter.limit ? items.at(-1) : undefined;
  return { items, nextCursor: last ? cursorOf(last) : null };
}
