export { type AuditService, createAuditService } from './audit.service.ts';
export { type AuditChainer, createAuditChainer } from './chainer.ts';
export { type AuditRetention, createAuditRetention } from './retention.ts';
export { type AuditVerifier, createAuditVerifier } from './verifier.ts';
