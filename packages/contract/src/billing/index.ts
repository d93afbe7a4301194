export { BalanceTooLarge, CreditLimitReached, InsufficientCredits } from './billing.errors.ts';
export { AutoRecharged, AutoRechargeSet, CreditLimitSet, CreditsAdded, CreditsDebited } from './billing.events.ts';
export {
  AddCreditsInput,
  Billing,
  CreditTransaction,
  CreditTransactionType,
  DebitInput,
  ListTransactionsInput,
  Movement,
  PlanType,
  SetAutoRechargeInput,
  SetCreditLimitInput,
  TransactionPage,
} from './billing.schema.ts';
