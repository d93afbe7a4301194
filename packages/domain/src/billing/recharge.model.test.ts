import { describe, expect, test } from 'vitest';
import { anAccount } from '../../test/ledger-lab.ts';
import { MAX_BALANCE, SUSPENDED_UNTIL } from './account.model.ts';
import {
  attemptsRestUntil,
  boughtSince,
  marksCrossed,
  type PastRecharge,
  planCharge,
  type RechargeRule,
} from './recharge.model.ts';

const NOW = new Date('2026-03-15T12:00:00Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const inMs = (ms: number) => new Date(NOW.getTime() + ms);
const NEXT_CYCLE = new Date('2026-04-01T00:00:00Z');

const NO_LIMITS: RechargeRule = {
  ...{ maxAmount: null, monthlyLimit: null, maxPurchases: null, maxPurchasesPer: null },
  ...{ failures: 0, failedFingerprint: null },
};
const low = anAccount({ balance: 5n, autoRecharge: true, autoRechargeThreshold: 20n, autoRechargeAmount: 50n });
let made = 0;
/** A purchase that began, was attempted and ended so long ago. */
function aRecharge(state: PastRecharge['state'], msAgo: number, credits: bigint | null = 50n): PastRecharge {
  made += 1;
  const at = ago(msAgo);
  const isOver = state !== 'open' && state !== 'action_required';
  const attemptedAt = state === 'blocked' ? [] : [at];
  return { id: `recharge ${made}`, state, credits, attemptedAt, createdAt: at, settledAt: isOver ? at : null };
}
const plan = (given: Partial<Parameters<typeof planCharge>[0]> = {}) =>
  planCharge({
    id: 'this one',
    account: low,
    rule: NO_LIMITS,
    fingerprint: 'card',
    history: [],
    creditedAt: null,
    now: NOW,
    ...given,
  });
const charges = (credits: bigint) => ({ kind: 'charge', credits });
const blocked = (reason: string, until: Date | null) => ({ kind: 'block', reason, until });

describe('a purchase', () => {
  test.each([
    ['buys the amount of the rule, when that leads back to the threshold', {}, 50n],
    ['buys what is missing, when that is more', { balance: 0n, autoRechargeThreshold: 300n }, 300n],
    ['looks at what is available, not at what is held', { balance: 90n, held: 90n, autoRechargeThreshold: 80n }, 80n],
    ['buys the amount, when exactly that is missing', { balance: 0n, autoRechargeThreshold: 50n }, 50n],
    ['buys up to the largest balance', { balance: MAX_BALANCE - 50n, held: MAX_BALANCE - 50n }, 50n],
    ['pays a debt besides', { balance: 0n, debt: 45n }, 65n],
    ['pays a debt out of its amount, when that leads back all the same', { balance: 0n, debt: 30n }, 50n],
  ])('%s', (_, change, credits) => {
    expect(plan({ account: { ...low, ...change } })).toEqual(charges(credits));
  });

  test('is never larger than the rule allows', () => {
    const account = { ...low, autoRechargeThreshold: 300n };
    expect(plan({ account, rule: { ...NO_LIMITS, maxAmount: 60n } })).toEqual(charges(60n));
    expect(plan({ account: low, rule: { ...NO_LIMITS, maxAmount: 60n } })).toEqual(charges(50n));
  });

  test.each([
    ['at the threshold', 'no_longer_needed', { balance: 20n }],
    ['above it', 'no_longer_needed', { balance: 21n }],
    ['once it is switched off', 'switched_off', { autoRecharge: false }],
  ])('is none %s', (_, reason, change) => {
    expect(plan({ account: { ...low, ...change } })).toEqual(blocked(reason, null));
  });

  test('is none without a card, nor beyond the largest balance', () => {
    expect(plan({ fingerprint: null })).toEqual(blocked('no_payment_method', SUSPENDED_UNTIL));
    const account = { ...low, balance: MAX_BALANCE - 49n, held: MAX_BALANCE - 49n };
    expect(plan({ account })).toEqual(blocked('balance_limit', inMs(HOUR_MS)));
  });
});

describe('a month’s limit', () => {
  const limited = { ...NO_LIMITS, monthlyLimit: 120n };
  const march = (day: number) =>
    NOW.getTime() - new Date(`2026-03-${String(day).padStart(2, '0')}T00:00:00Z`).getTime();

  test('counts what was bought in this cycle, purchases under way included, and nothing else', () => {
    const history = [
      aRecharge('succeeded', march(1)),
      aRecharge('succeeded', march(1) + 1, 1_000n),
      aRecharge('failed', march(3), 1_000n),
      aRecharge('blocked', march(3), null),
    ];
    expect(plan({ rule: limited, history })).toEqual(charges(50n));
    expect(boughtSince(history, new Date('2026-03-01T00:00:00Z'))).toBe(50n);
    const open = aRecharge('action_required', march(10), 21n);
    expect(plan({ rule: limited, history: [...history, open] })).toEqual(blocked('monthly_limit', NEXT_CYCLE));
  });

  test('makes a purchase smaller, down to the amount of the rule and no further', () => {
    const account = { ...low, autoRechargeThreshold: 200n };
    expect(plan({ account, rule: limited, history: [aRecharge('succeeded', march(2), 60n)] })).toEqual(charges(60n));
    expect(plan({ account, rule: limited, history: [aRecharge('succeeded', march(2), 70n)] })).toEqual(charges(50n));
    expect(plan({ account, rule: limited, history: [aRecharge('succeeded', march(2), 71n)] })).toEqual(
      blocked('monthly_limit', NEXT_CYCLE),
    );
  });

  test('does not count the purchase that is planned', () => {
    const own = { ...aRecharge('open', 0, 1_000n), id: 'this one', attemptedAt: [] };
    expect(plan({ rule: limited, history: [own] })).toEqual(charges(50n));
  });
});

describe('purchases in a window', () => {
  test.each([
    ['hour', HOUR_MS],
    ['day', 24 * HOUR_MS],
    ['week', 7 * 24 * HOUR_MS],
    ['month', 30 * 24 * HOUR_MS],
  ] as const)('of one %s are counted, until the first of them is that old', (per, windowMs) => {
    const rule = { ...NO_LIMITS, maxPurchases: 2, maxPurchasesPer: per };
    const [first, second] = [aRecharge('succeeded', windowMs - 1), aRecharge('open', windowMs / 2)];
    expect(plan({ rule, history: [second, first] })).toEqual(blocked('purchase_limit', inMs(1)));
    expect(plan({ rule, history: [second, aRecharge('succeeded', windowMs)] })).toEqual(charges(50n));
    // A failure is no purchase, and neither is one that was blocked.
    const others = [aRecharge('failed', windowMs - 1), aRecharge('blocked', 1)];
    expect(plan({ rule, history: [second, ...others] })).toEqual(charges(50n));
  });
});

test('a purchase does not count against itself', () => {
  const own = { ...aRecharge('open', 0), id: 'this one', attemptedAt: [] };
  const rule = { ...NO_LIMITS, maxPurchases: 1, maxPurchasesPer: 'hour' } as const;
  expect(plan({ rule, history: [own] })).toEqual(charges(50n));
  expect(plan({ rule, history: [own], id: 'another one' })).toMatchObject({ reason: 'purchase_limit' });
});

describe('attempts', () => {
  test('are two in ten minutes, whatever became of them', () => {
    const history = [aRecharge('succeeded', 9 * MINUTE_MS), aRecharge('failed', 4 * MINUTE_MS)];
    expect(attemptsRestUntil(history, NOW)).toEqual(inMs(MINUTE_MS));
    expect(plan({ history, rule: { ...NO_LIMITS, failedFingerprint: 'another' } })).toEqual(
      blocked('attempt_limit', inMs(MINUTE_MS)),
    );
    expect(attemptsRestUntil([aRecharge('succeeded', 10 * MINUTE_MS), aRecharge('succeeded', 1)], NOW)).toBeNull();
  });

  test('of one purchase count each', () => {
    const twice = { ...aRecharge('open', 0), attemptedAt: [ago(MINUTE_MS), ago(3 * MINUTE_MS)] };
    expect(attemptsRestUntil([twice], NOW)).toEqual(inMs(7 * MINUTE_MS));
  });

  test('that were more than two rest until one of the last two is old enough', () => {
    const history = [8, 5, 2].map((minutes) => aRecharge('succeeded', minutes * MINUTE_MS));
    expect(attemptsRestUntil(history, NOW)).toEqual(inMs(5 * MINUTE_MS));
  });
});

describe('after a failure', () => {
  const failedRule = { ...NO_LIMITS, failures: 1, failedFingerprint: 'card' };
  const history = [aRecharge('failed', 30 * MINUTE_MS)];

  test('the card rests for an hour', () => {
    expect(plan({ rule: failedRule, history })).toEqual(blocked('recent_failure', inMs(30 * MINUTE_MS)));
    expect(plan({ rule: failedRule, history: [aRecharge('failed', HOUR_MS)] })).toEqual(charges(50n));
  });

  test('another card does not, nor this one once somebody has paid', () => {
    expect(plan({ rule: failedRule, history, fingerprint: 'another' })).toEqual(charges(50n));
    expect(plan({ rule: failedRule, history, creditedAt: ago(29 * MINUTE_MS) })).toEqual(charges(50n));
    expect(plan({ rule: failedRule, history, creditedAt: ago(31 * MINUTE_MS) })).toMatchObject({
      reason: 'recent_failure',
    });
  });

  test('three in a row suspend the rule for their card', () => {
    const suspended = { ...failedRule, failures: 3 };
    expect(plan({ rule: suspended })).toEqual(blocked('suspended', SUSPENDED_UNTIL));
    expect(plan({ rule: { ...failedRule, failures: 2 } })).toEqual(charges(50n));
    expect(plan({ rule: suspended, fingerprint: 'another' })).toEqual(charges(50n));
  });
});

describe('a ceiling', () => {
  test.each([
    ['below every mark', 0n, 79n, []],
    ['up to a mark', 79n, 80n, [80]],
    ['from a mark', 80n, 89n, []],
    ['over two', 50n, 95n, [80, 90]],
    ['over all', 0n, 100n, [80, 90, 100]],
    ['beyond the end', 100n, 120n, []],
  ])('tells of the marks that are crossed: %s', (_, before, now, marks) => {
    expect(marksCrossed(before, now, 100n)).toEqual(marks);
  });
});
