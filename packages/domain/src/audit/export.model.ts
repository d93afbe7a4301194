import type { AuditEntry } from '@morket/contract/audit';
import { csvRecord } from '../csv/index.ts';

const COLUMNS: Readonly<Record<string, (entry: AuditEntry) => string | null>> = {
  createdAt: ({ createdAt }) => createdAt.toISOString(),
  id: ({ id }) => id,
  action: ({ action }) => action,
  entityType: ({ entityType }) => entityType,
  entityId: ({ entityId }) => entityId,
  actorId: ({ actor }) => actor?.id ?? null,
  actorName: ({ actor }) => actor?.name ?? null,
  actorEmail: ({ actor }) => actor?.email ?? null,
  impersonatorId: ({ impersonator }) => impersonator?.id ?? null,
  impersonatorEmail: ({ impersonator }) => impersonator?.email ?? null,
  apiKeyId: ({ apiKey }) => apiKey?.id ?? null,
  apiKeyName: ({ apiKey }) => apiKey?.name ?? null,
  requestId: ({ requestId }) => requestId,
  before: ({ before }) => JSON.stringify(before),
  after: ({ after }) => JSON.stringify(after),
};

/** Entries as a CSV; the heading belongs to the first part of a file alone. */
export function auditCsv(entries: readonly AuditEntry[], options: { readonly heading: boolean }): string {
  const heading = options.heading ? csvRecord(Object.keys(COLUMNS)) : '';
  return heading + entries.map((entry) => csvRecord(Object.values(COLUMNS).map((of) => of(entry)))).join('');
}

/** Entries as a JSON array. */
export const auditJson = (entries: readonly AuditEntry[]): string => JSON.stringify(entries);
