export {
  AuditDivergence,
  AuditEntry,
  AuditExport,
  AuditPerson,
  AuditSlice,
  AuditVerification,
  ExportAuditInput,
  ListAuditInput,
} from './audit.schema.ts';
