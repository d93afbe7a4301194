import type {
  AddCreditsInput,
  Billing,
  CreditTransaction,
  DebitInput,
  Movement,
  SetAutoRechargeInput,
  SetCreditLimitInput,
} from '@morket/contract/billing';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { WorkspaceScope } from '@morket/domain/access';

export type BillingPort = {
  get(scope: WorkspaceScope): Promise<Billing>;
  addCredits(scope: WorkspaceScope, input: AddCreditsInput): Promise<Movement>;
  debit(scope: WorkspaceScope, input: DebitInput): Promise<Movement>;
  transactions(scope: WorkspaceScope, input: PageInput): Promise<Page<CreditTransaction>>;
  setAutoRecharge(scope: WorkspaceScope, input: SetAutoRechargeInput): Promise<Billing>;
  setCreditLimit(scope: WorkspaceScope, input: SetCreditLimitInput): Promise<Billing>;
};
