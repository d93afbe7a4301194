import type { BankAnswer } from './stripe-fake-cards.ts';
import type { Methods, StoredMethod } from './stripe-fake-methods.ts';
import { invalid, missing, objectOf, required, StripeFakeFailure } from './stripe-fake-protocol.ts';

type PaymentError = {
  readonly type: 'card_error';
  readonly code: string;
  readonly decline_code?: string;
  readonly message: string;
};

/** A PaymentIntent, in the fields that matter to charging a stored card. */
export type Intent = {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly amount: number;
  amount_received: number;
  readonly currency: string;
  readonly customer: string | null;
  payment_method: string | null;
  status: 'canceled' | 'processing' | 'requires_action' | 'requires_payment_method' | 'succeeded';
  readonly metadata: Record<string, string>;
  last_payment_error: PaymentError | null;
  next_action: { type: string; redirect_to_url?: { url: string; return_url: string } } | null;
  readonly client_secret: string;
  readonly created: number;
  readonly description: string | null;
  readonly livemode: false;
};

const AUTHENTICATION_REQUIRED: PaymentError = {
  type: 'card_error',
  code: 'authentication_required',
  decline_code: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};
const AUTHENTICATION_FAILED: PaymentError = {
  type: 'card_error',
  code: 'payment_intent_authentication_failure',
  message: 'The provided PaymentMethod has failed authentication.',
};

const declined = (code: string, declineCode?: string): PaymentError => ({
  type: 'card_error',
  code,
  ...(declineCode === undefined ? {} : { decline_code: declineCode }),
  message: 'Your card was declined.',
});

const copy = (intent: Intent): Intent => structuredClone(intent);

/** The PaymentIntents of one account, and the money that moved. */
export function createIntents(deps: {
  readonly methods: Methods;
  readonly newId: (prefix: string) => string;
  readonly nowMs: () => number;
  readonly emit: (type: string, object: Intent) => void;
}) {
  const { methods, newId, nowMs, emit } = deps;
  const intents = new Map<string, Intent>();
  const payments: { readonly intentId: string; readonly chargeId: string | undefined; readonly amount: number }[] = [];
  const bankAnswers: BankAnswer[] = [];
  let searchable: readonly Intent[] = [];

  function get(id: string): Intent {
    const found = intents.get(id);
    if (!found) throw missing('payment_intent', id, 'intent');
    return found;
  }

  function unexpectedState(intent: Intent, verb: string): StripeFakeFailure {
    return new StripeFakeFailure(400, {
      type: 'invalid_request_error',
      code: 'payment_intent_unexpected_state',
      message: `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
      payment_intent: copy(intent),
    });
  }

  function pay(intent: Intent): void {
    intent.status = 'succeeded';
    intent.amount_received = intent.amount;
    intent.next_action = null;
    payments.push({ intentId: intent.id, chargeId: intent.metadata.charge_id, amount: intent.amount });
    emit('payment_intent.succeeded', copy(intent));
  }

  /** The answer to a confirmation that failed; the event goes out all the same. */
  function fail(intent: Intent, error: PaymentError): StripeFakeFailure {
    intent.status = 'requires_payment_method';
    intent.last_payment_error = error;
    intent.next_action = null;
    emit('payment_intent.payment_failed', copy(intent));
    return new StripeFakeFailure(402, { ...error, payment_intent: copy(intent) });
  }

  function askPerson(intent: Intent, returnUrl: string | null): void {
    intent.status = 'requires_action';
    const url = `https://hooks.stripe.com/redirect/authenticate/${intent.id}?client_secret=${intent.client_secret}`;
    intent.next_action = returnUrl
      ? { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl } }
      : { type: 'use_stripe_sdk' };
    emit('payment_intent.requires_action', copy(intent));
  }

  function attempt(intent: Intent, method: StoredMethod, params: URLSearchParams): Intent {
    const isOffSession = params.get('off_session') === 'true';
    const bank = bankAnswers.shift() ?? method.card.bank;
    intent.payment_method = method.id;
    intent.last_payment_error = null;
    if (bank.kind === 'asks_person' && isOffSession) throw fail(intent, AUTHENTICATION_REQUIRED);
    if (bank.kind === 'declines') throw fail(intent, declined(bank.code, bank.declineCode));
    if (bank.kind === 'asks_person') askPerson(intent, params.get('return_url'));
    if (bank.kind === 'pays') pay(intent);
    if (bank.kind === 'processes') {
      intent.status = 'processing';
      emit('payment_intent.processing', copy(intent));
    }
    return copy(intent);
  }

  function chargeable(methodId: string, customerId: string): StoredMethod {
    const method = methods.method(methodId);
    if (method.wasDetached) {
      throw invalid('The provided PaymentMethod was detached from a Customer. It may not be used again.');
    }
    if (method.customer === customerId) return method;
    throw invalid(`The customer does not have a payment method with the ID ${methodId}.`, {
      code: 'resource_missing',
      param: 'payment_method',
    });
  }

  function create(params: URLSearchParams): Intent {
    const amount = Number(required(params, 'amount'));
    if (!Number.isSafeInteger(amount))
      throw invalid('Invalid integer', { code: 'parameter_invalid_integer', param: 'amount' });
    if (amount < 50) throw invalid('Amount must be at least 50 cents', { code: 'amount_too_small', param: 'amount' });
    const currency = required(params, 'currency');
    const { id: customer } = methods.customer(required(params, 'customer'));
    const method = chargeable(required(params, 'payment_method'), customer);
    if (params.get('confirm') !== 'true') throw new Error('the fake knows PaymentIntents that are confirmed at once');
    const id = newId('pi');
    const intent: Intent = {
      id,
      object: 'payment_intent',
      amount,
      amount_received: 0,
      currency,
      customer,
      payment_method: null,
      status: 'requires_payment_method',
      metadata: objectOf(params, 'metadata'),
      last_payment_error: null,
      next_action: null,
      client_secret: `${id}_secret_fake`,
      created: Math.floor(nowMs() / 1_000),
      description: params.get('description'),
      livemode: false,
    };
    intents.set(id, intent);
    emit('payment_intent.created', copy(intent));
    return attempt(intent, method, params);
  }

  function confirm(id: string, params: URLSearchParams): Intent {
    const intent = get(id);
    if (intent.status !== 'requires_payment_method') throw unexpectedState(intent, 'confirm');
    return attempt(intent, chargeable(required(params, 'payment_method'), intent.customer ?? ''), params);
  }

  function cancel(id: string): Intent {
    const intent = get(id);
    if (intent.status !== 'requires_payment_method' && intent.status !== 'requires_action') {
      throw unexpectedState(intent, 'cancel');
    }
    intent.status = 'canceled';
    intent.next_action = null;
    emit('payment_intent.canceled', copy(intent));
    return copy(intent);
  }

  /** Newest first, and at once: of reads, listing is the one that never lags. */
  function list(params: URLSearchParams) {
    const { id: customer } = methods.customer(required(params, 'customer'));
    const since = Number(params.get('created[gte]') ?? 0);
    const found = [...intents.values()]
      .filter((intent) => intent.customer === customer && intent.created >= since)
      .reverse();
    const after = params.get('starting_after');
    const rest = after === null ? found : found.slice(found.findIndex(({ id }) => id === after) + 1);
    const limit = Number(params.get('limit') ?? 10);
    return {
      object: 'list',
      url: '/v1/payment_intents',
      has_more: rest.length > limit,
      data: rest.slice(0, limit).map(copy),
    };
  }

  function search(params: URLSearchParams) {
    const match = /^metadata\['charge_id'\]:'((?:[^'\\]|\\.)*)'$/.exec(required(params, 'query'));
    if (!match) throw invalid('The query cannot be parsed.', { param: 'query' });
    const chargeId = match[1]?.replaceAll(/\\(.)/g, '$1');
    const data = searchable.filter((intent) => intent.metadata.charge_id === chargeId);
    return { object: 'search_result', url: '/v1/payment_intents/search', has_more: false, next_page: null, data };
  }

  return {
    create,
    confirm,
    cancel,
    list,
    search,
    retrieve: (id: string) => copy(get(id)),
    /** The answer that the bank gives to the next payment, whatever the card. */
    bankAnswersNext: (answer: BankAnswer) => void bankAnswers.push(answer),
    /** Search sees what there is now. Until it is called again, it goes on showing that. */
    indexSearch: () => {
      searchable = [...intents.values()].map(copy);
    },
    /** A processing payment is paid, or is not. */
    settle(id: string, declinedFor?: { readonly code: string; readonly declineCode: string }) {
      const intent = get(id);
      if (intent.status !== 'processing') throw new Error(`${id} is ${intent.status}`);
      if (declinedFor) fail(intent, declined(declinedFor.code, declinedFor.declineCode));
      else pay(intent);
    },
    /** The person confirms on the bank's page, or does not. */
    answerAction(id: string, answer: 'confirmed' | 'refused') {
      const intent = get(id);
      if (intent.status !== 'requires_action') throw new Error(`${id} is ${intent.status}`);
      if (answer === 'confirmed') pay(intent);
      else fail(intent, AUTHENTICATION_FAILED);
    },
    all: () => [...intents.values()].map(copy),
    payments: () => [...payments],
  };
}
