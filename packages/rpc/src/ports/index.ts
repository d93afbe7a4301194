import type { AuthPort, SessionPort } from './auth.port.ts';
import type { BillingPort, HoldPort, LedgerAuditPort, RechargePort } from './billing.port.ts';
import type { CredentialPort } from './credential.port.ts';
import type { AccessPort, HealthPort, LimitPort } from './platform.port.ts';
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
  readonly credentials: CredentialPort;
  readonly billing: BillingPort;
  readonly holds: HoldPort;
  readonly recharges: RechargePort;
  readonly ledgerAudit: LedgerAuditPort;
};

export type { AddressPolicy } from './platform.port.ts';
