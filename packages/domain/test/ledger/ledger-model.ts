import type { HoldShown, LedgerCall, Said } from './ledger-call.ts';
import {
  availableOf,
  balanceOf,
  burn,
  type Grant,
  type Hold,
  heldOf,
  isPast,
  type LedgerState,
  leftOf,
  liveGrants,
  MAX,
  nextMonth,
  pastGrants,
  settle,
  write,
} from './ledger-model-books.ts';

/** Two purchases is what ten minutes allow. */
const MAX_CHARGES = 2;

function spendingError(state: LedgerState, required: number): Said | null {
  const limit = state.limit ?? MAX;
  const remaining = Math.max(0, limit - state.spent - heldOf(state));
  if (required > remaining) {
    const details = { required, remaining, limit, resetsAt: nextMonth(state.month) };
    return { code: 'billing.credit_limit_reached', details };
  }
  const available = availableOf(state);
  if (required <= available) return null;
  return { code: 'billing.insufficient_credits', details: { required, available } };
}

const show = (hold: Hold): HoldShown => {
  const { name, amount, captured, state } = hold;
  return { name, amount, captured, remaining: leftOf(hold), state };
};

/** Adds a grant; what it pays of a debt goes by an entry behind it. */
function grant(state: LedgerState, type: string, given: Pick<Grant, 'amount' | 'priority' | 'expires'>): Said {
  const { amount } = given;
  if (amount > MAX - balanceOf(state)) {
    return { code: 'billing.balance_too_large', details: { maxBalance: MAX } };
  }
  state.grants.push({ ...given, seq: state.entries.length + 1, left: amount, expired: 0 });
  const said = write(state, type, amount, []);
  settle(state);
  return { ...said, balance: balanceOf(state) };
}

function capture(state: LedgerState, call: Extract<LedgerCall, { kind: 'capture' }>): Said {
  const hold = state.holds.get(call.hold);
  if (!hold) return { code: 'billing.hold_not_found', details: {} };
  if (hold.state !== 'open') return { code: 'billing.hold_resolved', details: { state: hold.state } };
  const remaining = leftOf(hold);
  const { amount } = call;
  if (amount > remaining) return { code: 'billing.capture_exceeds_hold', details: { required: amount, remaining } };
  const said = write(state, 'debit', 0 - amount, burn([...pastGrants(state), ...liveGrants(state)], amount));
  hold.captured += amount;
  state.spent += amount;
  if (call.final || hold.captured === hold.amount) hold.state = 'captured';
  settle(state);
  return { ...said, balance: balanceOf(state), hold: show(hold) };
}

function release(state: LedgerState, name: string): Said {
  const hold = state.holds.get(name);
  if (!hold) return { code: 'billing.hold_not_found', details: {} };
  if (hold.state !== 'open') return { code: 'billing.hold_resolved', details: { state: hold.state } };
  hold.state = 'released';
  settle(state);
  return { hold: show(hold) };
}

function reverse(state: LedgerState, seq: number): Said {
  const original = state.entries[seq - 1];
  if (!original) return { code: 'billing.transaction_not_found', details: {} };
  const refused = (reason: string) => ({ code: 'billing.not_reversible', details: { reason } });
  if (original.undone) return refused('already_reversed');
  const own = state.grants.find((one) => one.seq === seq);
  if (original.type !== 'debit' && !own) return refused('wrong_type');
  let said: Said;
  if (own) {
    const owed = own.amount - own.expired;
    const taken = Math.min(owed, availableOf(state));
    if (state.debt + owed - taken > MAX) return { code: 'billing.balance_too_large', details: { maxBalance: MAX } };
    state.debt += owed - taken;
    const live = liveGrants(state);
    const ownFirst = [...live.filter((one) => one === own), ...live.filter((one) => one !== own)];
    said = write(state, 'reversal', 0 - taken, burn(ownFirst, taken));
  } else {
    const amount = 0 - original.amount;
    if (amount > MAX - balanceOf(state)) return { code: 'billing.balance_too_large', details: { maxBalance: MAX } };
    for (const [grantSeq, taken] of original.burns) {
      const back = state.grants.find((one) => one.seq === grantSeq);
      if (back) back.left += taken;
    }
    if (original.month === state.month) state.spent = Math.max(0, state.spent - amount);
    said = write(state, 'reversal', amount, []);
  }
  original.undone = true;
  settle(state);
  return { ...said, balance: balanceOf(state) };
}

function decide(state: LedgerState, call: LedgerCall): Said {
  settle(state);
  switch (call.kind) {
    case 'credit': {
      const { amount, priority, expires } = call;
      if (isPast(state, expires)) return { code: 'billing.expiry_in_the_past', details: {} };
      return grant(state, 'credit', { amount, priority, expires });
    }
    case 'debit': {
      const error = spendingError(state, call.amount);
      if (error) return error;
      const said = write(state, 'debit', 0 - call.amount, burn(liveGrants(state), call.amount));
      state.spent += call.amount;
      return { ...said, balance: balanceOf(state) };
    }
    case 'hold': {
      const { name, amount } = call;
      const error = spendingError(state, amount);
      if (error) return error;
      const hold: Hold = { name, amount, captured: 0, state: 'open', expires: state.hour + call.hours };
      state.holds.set(name, hold);
      return { hold: show(hold) };
    }
    case 'capture':
      return capture(state, call);
    case 'release':
      return release(state, call.hold);
    case 'reverse':
      return reverse(state, call.seq);
  }
}

const OPENS_RECHARGE = new Set(['debit', 'hold', 'capture']);

/**
 * The rules of the ledger, written a second time and as plainly as possible: one thing after the other. Gives what is answered, and does
 * to `state` what the call does.
 */
export function ask(state: LedgerState, call: LedgerCall): Said {
  const { key, ...rest } = call;
  const id = `${call.kind} ${key}`;
  // The name is the test's own: the call does not carry it.
  const args = JSON.stringify({ ...rest, name: null });
  const earlier = key === null ? undefined : state.verdicts.get(id);
  if (earlier && earlier.args !== args) return { code: 'idempotency.mismatch', details: { idempotencyKey: key } };
  if (earlier) return earlier.said;
  const said = decide(state, call);
  if (key !== null) state.verdicts.set(id, { args, said });
  const wants = state.rule !== null && availableOf(state) < state.rule.threshold;
  const isShort = 'code' in said && said.code === 'billing.insufficient_credits';
  if ((isShort || (!('code' in said) && OPENS_RECHARGE.has(call.kind))) && wants) state.due = true;
  return said;
}

/** Works on the open recharge, and on those that follow from it. */
export function recharge(state: LedgerState): void {
  while (state.due && state.rule) {
    state.due = false;
    const { threshold, amount } = state.rule;
    const gap = threshold - availableOf(state);
    if (gap <= 0 || state.charges === MAX_CHARGES) return;
    // A debt takes its part of whatever comes.
    const credits = Math.max(gap + state.debt, amount);
    if (credits > MAX - balanceOf(state)) return;
    state.charges += 1;
    settle(state);
    grant(state, 'auto_recharge', { amount: credits, priority: 50, expires: null });
    state.due = availableOf(state) < threshold;
  }
}
