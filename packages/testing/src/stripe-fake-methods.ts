import { createHash } from 'node:crypto';
import { TEST_CARDS, type TestCard } from './stripe-fake-cards.ts';
import { invalid, missing, objectOf, required, StripeFakeFailure } from './stripe-fake-protocol.ts';

type Customer = { readonly id: string; readonly object: 'customer'; readonly metadata: Record<string, string> };
export type StoredMethod = {
  readonly id: string;
  readonly card: TestCard;
  customer: string | null;
  wasDetached: boolean;
};

function refusedCard({ bank }: TestCard): StripeFakeFailure {
  if (bank.kind !== 'declines') throw new Error('this card does not decline');
  return new StripeFakeFailure(402, {
    type: 'card_error',
    code: bank.code,
    ...(bank.declineCode === undefined ? {} : { decline_code: bank.declineCode }),
    message: 'Your card was declined.',
  });
}

/** What the API shows of a payment method. */
export function methodView({ id, card, customer }: StoredMethod) {
  const fingerprint = createHash('sha256').update(card.number).digest('base64url').slice(0, 16);
  return {
    id,
    object: 'payment_method',
    type: 'card',
    customer,
    livemode: false,
    card: {
      brand: card.brand,
      last4: card.number.slice(-4),
      fingerprint,
      exp_month: 12,
      exp_year: 2040,
      funding: 'credit',
    },
  };
}

/** Customers and their cards. A test card's id stands for a new payment method each time it is used. */
export function createMethods(newId: (prefix: string) => string) {
  const customers = new Map<string, Customer>();
  const methods = new Map<string, StoredMethod>();

  function customer(id: string): Customer {
    const found = customers.get(id);
    if (!found) throw missing('customer', id, 'customer');
    return found;
  }

  function method(id: string): StoredMethod {
    const known = methods.get(id);
    if (known) return known;
    const card = TEST_CARDS.get(id);
    if (!card) throw missing('PaymentMethod', id, 'payment_method');
    const made: StoredMethod = { id: newId('pm'), card, customer: null, wasDetached: false };
    methods.set(made.id, made);
    return made;
  }

  return {
    createCustomer(params: URLSearchParams): Customer {
      const made: Customer = { id: newId('cus'), object: 'customer', metadata: objectOf(params, 'metadata') };
      customers.set(made.id, made);
      return made;
    },
    customer,
    method,
    attach(id: string, params: URLSearchParams) {
      const { id: customerId } = customer(required(params, 'customer'));
      const found = method(id);
      if (found.customer !== null) {
        throw invalid('The payment method you provided has already been attached to a customer.');
      }
      if (found.wasDetached) {
        throw invalid('The payment method you provided was detached from a customer. It may not be used again.');
      }
      if (!found.card.attaches) throw refusedCard(found.card);
      found.customer = customerId;
      return methodView(found);
    },
    /** As when somebody takes the card away in Stripe's dashboard: it cannot be used again. */
    detach(id: string): void {
      const found = method(id);
      found.customer = null;
      found.wasDetached = true;
    },
    /** With its cards. */
    deleteCustomer(id: string): void {
      customers.delete(id);
      for (const found of methods.values()) {
        if (found.customer !== id) continue;
        found.customer = null;
        found.wasDetached = true;
      }
    },
    customerCount: () => customers.size,
  };
}
export type Methods = ReturnType<typeof createMethods>;
