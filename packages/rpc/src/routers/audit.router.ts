import { AuditExport, AuditSlice, AuditVerification, ExportAuditInput, ListAuditInput } from '@morket/contract/audit';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const AUDIT = '/workspaces/{workspaceId}/audit';

export const auditRouter = t.router({
  list: workspaceProcedure('audit:read')
    .meta({ rest: { method: 'GET', path: AUDIT }, summary: 'Who did what, newest first' })
    .input(ListAuditInput)
    .output(AuditSlice)
    .query(({ ctx, input }) => ctx.services.audit.list(ctx.scope, input)),
  export: workspaceProcedure('audit:export', { feature: 'audit.export' })
    .meta({
      rest: { method: 'GET', path: `${AUDIT}/export` },
      summary: 'Take the audit log along, as CSV or JSON, part by part; each part leaves an entry',
    })
    .input(ExportAuditInput)
    .output(AuditExport)
    .query(({ ctx, input }) => ctx.services.audit.export(ctx.scope, input)),
  verify: workspaceProcedure('audit:verify')
    .meta({
      rest: { method: 'GET', path: `${AUDIT}/verification` },
      summary: 'Hold the audit log against its chain of hashes',
    })
    .output(AuditVerification)
    .query(({ ctx, signal }) => ctx.services.auditVerifier.verify(ctx.scope, signal)),
});
