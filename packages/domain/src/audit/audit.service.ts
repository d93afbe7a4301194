import type { AuditExport, AuditSlice, ExportAuditInput, ListAuditInput } from '@morket/contract/audit';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { recordRead } from '../record/index.ts';
import * as repo from './entry.repo.ts';
import { auditCsv, auditJson } from './export.model.ts';

/** The audit log of a workspace, to read and to take along. */
export function createAuditService({ db }: { readonly db: Db }) {
  function list(scope: WorkspaceScope, input: ListAuditInput): Promise<AuditSlice> {
    return repo.listEntries(db.read, scope, input);
  }

  /** A part of the log as a file's text. Every part that is handed out leaves an entry of its own. */
  async function exportEntries(scope: WorkspaceScope, input: ExportAuditInput): Promise<AuditExport> {
    const { format, ...filter } = input;
    const { items, nextCursor } = await repo.listEntries(db.read, scope, filter);
    const { cursor, limit: _limit, ...filters } = filter;
    await recordRead(db.read, scope, {
      action: 'audit.exported',
      entity: { type: 'audit_log', id: scope.workspaceId },
      details: { format, filters, entries: items.length, isContinued: cursor !== undefined },
    });
    const isCsv = format === 'csv';
    return {
      mediaType: isCsv ? 'text/csv' : 'application/json',
      content: isCsv ? auditCsv(items, { heading: cursor === undefined }) : auditJson(items),
      entries: items.length,
      nextCursor,
    };
  }

  return { list, export: exportEntries };
}

export type AuditService = ReturnType<typeof createAuditService>;
