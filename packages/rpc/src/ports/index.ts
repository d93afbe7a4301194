import type { ApiKeyPort } from './api-key.port.ts';
import type { AuditPort, AuditVerificationPort } from './audit.port.ts';
import type { AuthPort, SessionPort } from './auth.port.ts';
import type { BillingPort, HoldPort, LedgerAuditPort, RechargePort } from './billing.port.ts';
import type { CredentialPort } from './credential.port.ts';
import type { DeadLetterPort } from './event.port.ts';
import type { FormPort, SubmissionPort } from './form.port.ts';
import type { JobPort } from './job.port.ts';
import type { NotificationPort } from './notification.port.ts';
import type { PlanPort } from './plan.port.ts';
import type { AccessPort, HealthPort, LimitPort } from './platform.port.ts';
import type { RealtimePort } from './realtime.port.ts';
import type { WebhookDeliveryPort, WebhookEndpointPort } from './webhook.port.ts';
import type { InvitationPort, MemberPort, WorkspacePort } from './workspace.port.ts';

/** Everything the procedures call, wired by an app's `compose.ts`. */
export type Services = {
  readonly access: AccessPort;
  readonly limits: LimitPort;
  readonly health: HealthPort;
  readonly auth: AuthPort;
  readonly sessions: SessionPort;
  readonly workspaces: WorkspacePort;
  readonly members: MemberPort;
  readonly invitations: InvitationPort;
  readonly apiKeys: ApiKeyPort;
  readonly credentials: CredentialPort;
  readonly billing: BillingPort;
  readonly holds: HoldPort;
  readonly recharges: RechargePort;
  readonly ledgerAudit: LedgerAuditPort;
  readonly plans: PlanPort;
  readonly audit: AuditPort;
  readonly auditVerifier: AuditVerificationPort;
  readonly realtime: RealtimePort;
  readonly deadLetters: DeadLetterPort;
  readonly jobs: JobPort;
  readonly notifications: NotificationPort;
  readonly forms: FormPort;
  readonly submissions: SubmissionPort;
  readonly webhookEndpoints: WebhookEndpointPort;
  readonly webhookDeliveries: WebhookDeliveryPort;
};

export type { AddressPolicy } from './platform.port.ts';
