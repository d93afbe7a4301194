/** Why a charge or a card was refused: all that leaves this module, whoever the provider is. */
export const DECLINE_REASONS = [
  'card_declined',
  'insufficient_funds',
  'limit_exceeded',
  'card_expired',
  'incorrect_details',
  'not_supported',
  'authentication_failed',
  'method_unusable',
  'try_again',
  'canceled',
] as const;
export type DeclineReason = (typeof DECLINE_REASONS)[number];

/** A stored card. `fingerprint` names the card itself: attached twice, it is the same; `label` is like "visa •••• 4242". */
export type PaymentMethod = {
  readonly customerRef: string;
  readonly methodRef: string;
  readonly fingerprint: string;
  readonly label: string;
};

/**
 * `chargeId` is a UUIDv7 and the provider's idempotency key; the time in it bounds the search for an earlier attempt.
 * `amountMinor` counts the smallest units of `currency`, a lower-case ISO 4217 code.
 */
export type ChargeRequest = {
  readonly chargeId: string;
  readonly workspaceId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: Pick<PaymentMethod, 'customerRef' | 'methodRef'>;
  readonly description: string;
};

/** `succeeded` and `declined` are final; the others end in one of them. An unknown outcome is thrown, never a value. */
export type ChargeOutcome =
  | {
      readonly status: 'succeeded';
      readonly chargeRef: string;
      readonly amountMinor: number;
      readonly currency: string;
    }
  | { readonly status: 'pending'; readonly chargeRef: string }
  | { readonly status: 'action_required'; readonly chargeRef: string; readonly actionUrl: string | null }
  | { readonly status: 'declined'; readonly chargeRef: string | null; readonly reason: DeclineReason };

/** What the provider sent to our endpoint: header names in lower case, the body byte for byte as it came. */
export type CallbackRequest = {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
};

/** Callbacks come late, twice and out of order: one that is not final says nothing against a final outcome known already. */
export type PaymentCallback = { readonly chargeId: string; readonly outcome: ChargeOutcome };

/** The way to a payment provider. Slow and fallible: never called inside a transaction. */
export type PaymentGateway = {
  readonly name: 'simulated' | 'stripe';
  /** Stores the card behind a token of the provider's form. Throws PaymentMethodRefused, PaymentsUnavailable. */
  attach(input: {
    readonly workspaceId: string;
    readonly token: string;
    readonly customerRef: string | null;
  }): Promise<PaymentMethod>;
  /**
   * Charges without the person being there. The same `chargeId` again is the same charge, never a second one. Throws
   * PaymentsUnavailable while the outcome is unknown: ask again with the same request.
   */
  charge(request: ChargeRequest, signal?: AbortSignal): Promise<ChargeOutcome>;
  /**
   * What became of a charge. Without `chargeRef`, null may also mean that the provider does not show it yet: only `charge`
   * with the same request is certain. Throws PaymentsUnavailable.
   */
  find(charge: { readonly chargeId: string; readonly chargeRef: string | null }): Promise<ChargeOutcome | null>;
  /** Voids what nobody has begun to pay and leaves the rest alone: `find` tells what it came to. Throws PaymentsUnavailable. */
  cancel(chargeRef: string): Promise<void>;
  /** Null for what does not concern us. Throws CallbackRefused unless it is signed by the provider, and lately. */
  readCallback(request: CallbackRequest): PaymentCallback | null;
};
