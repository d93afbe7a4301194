import { DECLINE_REASONS, type DeclineReason } from './payment.port.ts';

/** How a simulated card behaves. */
export type Behaviour = {
  readonly ends: 'succeeded' | 'action_required' | { readonly declined: DeclineReason };
  /** Pending at first; it ends as `ends` says when it is settled. */
  readonly slow: boolean;
  /** How often each callback comes. */
  readonly callbacks: 1 | 2;
  /** So many attempts at a charge throw before anything happens. */
  readonly failures: number;
  /** The attempt that charges throws all the same. */
  readonly losesAnswer: boolean;
};

const works: Behaviour = { ends: 'succeeded', slow: false, callbacks: 1, failures: 0, losesAnswer: false };
const declines = (reason: DeclineReason): Behaviour => ({ ...works, ends: { declined: reason } });

const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map<string, Behaviour>([
  ['sim_success', works],
  ['sim_decline', declines('card_declined')],
  ...DECLINE_REASONS.map((reason) => [`sim_decline_${reason}`, declines(reason)] as const),
  ['sim_slow', { ...works, slow: true }],
  ['sim_slow_decline', { ...declines('card_declined'), slow: true }],
  ['sim_action_required', { ...works, ends: 'action_required' }],
  ['sim_duplicate_callback', { ...works, callbacks: 2 }],
  ['sim_unavailable', { ...works, failures: 1 }],
  ['sim_unavailable_twice', { ...works, failures: 2 }],
  ['sim_down', { ...works, failures: Number.POSITIVE_INFINITY }],
  ['sim_lost_answer', { ...works, losesAnswer: true }],
  // Those of Stripe's test mode, so that what is tried with one gateway can be tried with the other.
  ['pm_card_visa', works],
  ['pm_card_mastercard', works],
  ['pm_card_chargeCustomerFail', declines('card_declined')],
  ['pm_card_authenticationRequired', { ...works, ends: 'action_required' }],
]);

/** `sim_slow.work` behaves as `sim_slow` and is another card. */
const nameOf = (token: string): string => token.split('.', 1)[0] ?? token;

/** What the card behind a token does, or null when no such card exists. */
export function behaviourOf(token: string): Behaviour | null {
  return BEHAVIOURS.get(nameOf(token)) ?? null;
}

/** Why a token is refused when a card is stored: `sim_refused`, `sim_refused_<reason>`, or one that nobody knows; else null. */
export function refusalOf(token: string): DeclineReason | null {
  const name = nameOf(token);
  if (name === 'sim_refused') return 'card_declined';
  const refused = DECLINE_REASONS.find((reason) => name === `sim_refused_${reason}`);
  return refused ?? (behaviourOf(token) ? null : 'method_unusable');
}
