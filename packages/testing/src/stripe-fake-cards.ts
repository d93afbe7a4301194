/** How the bank behind a test card answers. */
export type BankAnswer =
  | { readonly kind: 'pays' }
  | { readonly kind: 'processes' }
  | { readonly kind: 'asks_person' }
  | { readonly kind: 'declines'; readonly code: string; readonly declineCode?: string };

export type TestCard = {
  readonly brand: string;
  readonly number: string;
  readonly bank: BankAnswer;
  /** Cards that decline are refused when attached to a customer, but for one made to be attached. */
  readonly attaches: boolean;
};

const card = (number: string, brand = 'visa'): TestCard => ({ brand, number, bank: { kind: 'pays' }, attaches: true });
const declining = (number: string, code: string, declineCode?: string): TestCard => ({
  ...card(number),
  bank: { kind: 'declines', code, ...(declineCode === undefined ? {} : { declineCode }) },
  attaches: false,
});

const generic = declining('4000000000000002', 'card_declined', 'generic_decline');
const poor = declining('4000000000009995', 'card_declined', 'insufficient_funds');
const lost = declining('4000000000009987', 'card_declined', 'lost_card');
const stolen = declining('4000000000009979', 'card_declined', 'stolen_card');

/** https://docs.stripe.com/testing#declined-payments and #regulatory-cards, by the ids that stand for them. */
export const TEST_CARDS: ReadonlyMap<string, TestCard> = new Map([
  ['pm_card_visa', card('4242424242424242')],
  ['pm_card_visa_debit', card('4000056655665556')],
  ['pm_card_mastercard', card('5555555555554444', 'mastercard')],
  ['pm_card_amex', card('378282246310005', 'amex')],
  ['pm_card_chargeDeclined', generic],
  ['pm_card_visa_chargeDeclined', generic],
  ['pm_card_chargeDeclinedInsufficientFunds', poor],
  ['pm_card_visa_chargeDeclinedInsufficientFunds', poor],
  ['pm_card_visa_chargeDeclinedLostCard', lost],
  ['pm_card_visa_chargeDeclinedStolenCard', stolen],
  ['pm_card_chargeDeclinedExpiredCard', declining('4000000000000069', 'expired_card')],
  ['pm_card_chargeDeclinedIncorrectCvc', declining('4000000000000127', 'incorrect_cvc')],
  ['pm_card_chargeDeclinedProcessingError', declining('4000000000000119', 'processing_error')],
  [
    'pm_card_chargeCustomerFail',
    { ...declining('4000000000000341', 'card_declined', 'generic_decline'), attaches: true },
  ],
  ['pm_card_authenticationRequired', { ...card('4000002760003184'), bank: { kind: 'asks_person' } }],
]);
