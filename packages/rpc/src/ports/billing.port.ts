import type {
  AddCreditsInput,
  AutoRecharge,
  BalanceAt,
  BalanceAtInput,
  Billing,
  Capture,
  CaptureHoldInput,
  CreateHoldInput,
  CreditGrant,
  CreditTransaction,
  DebitInput,
  GetHoldInput,
  Hold,
  LedgerVerification,
  Movement,
  PaymentMethodSummary,
  Recharge,
  ReleaseHoldInput,
  ReverseInput,
  SetAutoRechargeInput,
  SetCreditLimitInput,
  SetPaymentMethodInput,
} from '@morket/contract/billing';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { WorkspaceScope } from '@morket/domain/access';

/** A `signal` that fires before a movement is begun withdraws it; what is begun is finished. */
export type BillingPort = {
  get(scope: WorkspaceScope): Promise<Billing>;
  addCredits(scope: WorkspaceScope, input: AddCreditsInput, signal?: AbortSignal): Promise<Movement>;
  debit(scope: WorkspaceScope, input: DebitInput, signal?: AbortSignal): Promise<Movement>;
  reverse(scope: WorkspaceScope, input: ReverseInput, signal?: AbortSignal): Promise<Movement>;
  transactions(scope: WorkspaceScope, input: PageInput): Promise<Page<CreditTransaction>>;
  grants(scope: WorkspaceScope, input: PageInput): Promise<Page<CreditGrant>>;
  balanceAt(scope: WorkspaceScope, input: BalanceAtInput): Promise<BalanceAt>;
  setCreditLimit(scope: WorkspaceScope, input: SetCreditLimitInput): Promise<Billing>;
};

export type HoldPort = {
  create(scope: WorkspaceScope, input: CreateHoldInput, signal?: AbortSignal): Promise<Hold>;
  capture(scope: WorkspaceScope, input: CaptureHoldInput, signal?: AbortSignal): Promise<Capture>;
  release(scope: WorkspaceScope, input: ReleaseHoldInput, signal?: AbortSignal): Promise<Hold>;
  get(scope: WorkspaceScope, input: GetHoldInput): Promise<Hold>;
  list(scope: WorkspaceScope, input: PageInput): Promise<Page<Hold>>;
};

export type RechargePort = {
  getRule(scope: WorkspaceScope): Promise<AutoRecharge>;
  setRule(scope: WorkspaceScope, input: SetAutoRechargeInput): Promise<Billing>;
  setMethod(scope: WorkspaceScope, input: SetPaymentMethodInput): Promise<PaymentMethodSummary>;
  removeMethod(scope: WorkspaceScope): Promise<null>;
  list(scope: WorkspaceScope, input: PageInput): Promise<Page<Recharge>>;
};

export type LedgerAuditPort = {
  verify(scope: WorkspaceScope, signal?: AbortSignal): Promise<LedgerVerification>;
};
