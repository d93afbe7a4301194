import type {
  AuditExport,
  AuditSlice,
  AuditVerification,
  ExportAuditInput,
  ListAuditInput,
} from '@morket/contract/audit';
import type { WorkspaceScope } from '@morket/domain/access';

export type AuditPort = {
  list(scope: WorkspaceScope, input: ListAuditInput): Promise<AuditSlice>;
  export(scope: WorkspaceScope, input: ExportAuditInput): Promise<AuditExport>;
};

export type AuditVerificationPort = {
  verify(scope: WorkspaceScope, signal?: AbortSignal): Promise<AuditVerification>;
};
