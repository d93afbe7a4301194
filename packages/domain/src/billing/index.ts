export { type BillingService, createBillingService } from './billing.service.ts';
export { createHoldService, type HoldService } from './hold.service.ts';
export { createLedger, type Ledger } from './ledger.ts';
export { createLedgerAudit, type LedgerAudit } from './ledger-audit.service.ts';
export { settleOverdue } from './overdue.ts';
export { createRechargeService, type RechargeService } from './recharge.service.ts';
export { createRecharger, type Recharger } from './recharger.ts';
