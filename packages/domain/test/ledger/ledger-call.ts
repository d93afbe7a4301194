/** What is asked of a ledger under test, and what it says; times are whole hours since the start. */
/** `name` and `key` are the test's; whatever lasts ends half an hour before the hour it is said to end at. */
export type LedgerCall =
  | {
      readonly kind: 'credit';
      readonly amount: number;
      readonly priority: number;
      readonly expires: number | null;
      readonly key: string | null;
    }
  | { readonly kind: 'debit'; readonly amount: number; readonly key: string | null }
  | {
      readonly kind: 'hold';
      readonly name: string;
      readonly amount: number;
      readonly hours: number;
      readonly key: string | null;
    }
  | {
      readonly kind: 'capture';
      readonly hold: string;
      readonly amount: number;
      readonly final: boolean;
      readonly key: string | null;
    }
  | { readonly kind: 'release'; readonly hold: string; readonly key: string | null }
  /** By the number of the entry; none has number 0. */
  | { readonly kind: 'reverse'; readonly seq: number; readonly key: string | null };

export type HoldShown = {
  readonly name: string;
  readonly amount: number;
  readonly captured: number;
  readonly remaining: number;
  readonly state: 'open' | 'captured' | 'released' | 'expired';
};

/** All that an answer says: an error, or what moved and what became of the hold. */
export type Said =
  | { readonly code: string; readonly details: unknown }
  | {
      readonly entry?: { readonly seq: number; readonly type: string; readonly amount: number; readonly after: number };
      readonly balance?: number;
      readonly hold?: HoldShown;
    };
