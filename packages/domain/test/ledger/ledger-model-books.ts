import type { HoldShown, Said } from './ledger-call.ts';

export type Grant = {
  seq: number;
  amount: number;
  left: number;
  expired: number;
  priority: number;
  expires: number | null;
};
export type Hold = { name: string; amount: number; captured: number; state: HoldShown['state']; expires: number };
type Entry = { type: string; amount: number; burns: [grant: number, amount: number][]; month: string; undone: boolean };

/** A ledger as plain data: balance and held credits are what grants and holds come to. */
export type LedgerState = {
  readonly startMs: number;
  hour: number;
  debt: number;
  spent: number;
  month: string;
  limit: number | null;
  readonly rule: { readonly threshold: number; readonly amount: number } | null;
  /** A recharge is open. */
  due: boolean;
  charges: number;
  grants: Grant[];
  holds: Map<string, Hold>;
  /** Entry n stands at n − 1. */
  entries: Entry[];
  verdicts: Map<string, { readonly args: string; readonly said: Said }>;
};

export const MAX = Number.MAX_SAFE_INTEGER;
const HOUR_MS = 3_600_000;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const monthAt = (state: LedgerState): string =>
  new Date(state.startMs + state.hour * HOUR_MS).toISOString().slice(0, 7);
export const nextMonth = (month: string): string => {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number)).toISOString();
};

export function newLedgerState(
  startMs: number,
  rule: LedgerState['rule'] = null,
  limit: number | null = null,
): LedgerState {
  const state: LedgerState = {
    ...{ startMs, hour: 0, debt: 0, spent: 0, month: '', limit, rule, due: rule !== null, charges: 0 },
    ...{ grants: [], holds: new Map(), entries: [], verdicts: new Map() },
  };
  return { ...state, month: monthAt(state) };
}

export const balanceOf = (state: LedgerState): number => sum(state.grants.map(({ left }) => left));
export const heldOf = (state: LedgerState): number => sum([...state.holds.values()].map(leftOf));
export const leftOf = (hold: Hold): number => (hold.state === 'open' ? hold.amount - hold.captured : 0);
export const availableOf = (state: LedgerState): number => balanceOf(state) - heldOf(state);

export const isPast = (state: LedgerState, expires: number | null): boolean =>
  expires !== null && expires <= state.hour;
const byBurnOrder = (a: Grant, b: Grant): number =>
  a.priority - b.priority || (a.expires ?? MAX) - (b.expires ?? MAX) || a.seq - b.seq;
export const liveGrants = (state: LedgerState): Grant[] =>
  state.grants.filter(({ expires }) => !isPast(state, expires)).sort(byBurnOrder);
export const pastGrants = (state: LedgerState): Grant[] =>
  state.grants.filter(({ expires }) => isPast(state, expires)).sort(byBurnOrder);

/** Takes from the first grants first. */
export function burn(grants: readonly Grant[], amount: number): Entry['burns'] {
  const burns: Entry['burns'] = [];
  let rest = amount;
  for (const grant of grants) {
    const taken = Math.min(grant.left, rest);
    if (taken === 0) continue;
    grant.left -= taken;
    rest -= taken;
    burns.push([grant.seq, taken]);
  }
  return burns;
}

/** Writes an entry for what the grants show by now. */
export function write(
  state: LedgerState,
  type: string,
  amount: number,
  burns: Entry['burns'],
): Exclude<Said, { code: string }> {
  state.entries.push({ type, amount, burns, month: state.month, undone: false });
  return { entry: { seq: state.entries.length, type, amount, after: balanceOf(state) } };
}

/** Whatever time brings about, booked at the next occasion. */
export function settle(state: LedgerState): void {
  const month = monthAt(state);
  if (month !== state.month) Object.assign(state, { month, spent: 0 });
  for (const hold of state.holds.values()) {
    if (hold.state === 'open' && isPast(state, hold.expires)) hold.state = 'expired';
  }
  let leaving = sum(pastGrants(state).map(({ left }) => left)) - heldOf(state);
  for (const grant of pastGrants(state)) {
    const gone = Math.min(grant.left, leaving);
    if (gone <= 0) continue;
    leaving -= gone;
    grant.expired += gone;
    write(state, 'expiry', 0 - gone, burn([grant], gone));
  }
  const paid = Math.min(state.debt, availableOf(state));
  if (paid > 0) {
    state.debt -= paid;
    write(state, 'debt_repayment', 0 - paid, burn(liveGrants(state), paid));
  }
}
