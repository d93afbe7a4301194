import { describe, expect, test } from 'vitest';
import { anAccount } from '../../test/ledger-lab.ts';
import { afterTopUp, availableOf, cycleOf, inCurrentCycle, SUSPENDED_UNTIL, wantsRecharge } from './account.model.ts';

const NOW = new Date('2026-03-15T12:00:00Z');
const later = (ms: number) => new Date(NOW.getTime() + ms);

describe('a billing cycle', () => {
  test('skips the months in which nothing was spent', () => {
    const limited = anAccount({ creditLimit: 50n, cycleSpent: 30n });
    expect(inCurrentCycle(limited, new Date('2027-01-20T08:00:00+09:00'))).toEqual({
      ...limited,
      cycleSpent: 0n,
      cycleStart: new Date('2027-01-01T00:00:00Z'),
      cycleEnd: new Date('2027-02-01T00:00:00Z'),
    });
  });

  test('goes on to its last millisecond', () => {
    const spent = anAccount({ cycleSpent: 30n });
    expect(inCurrentCycle(spent, new Date('2026-03-31T23:59:59.999Z'))).toEqual(spent);
    expect(inCurrentCycle(spent, new Date('2026-04-01T00:00:00Z')).cycleSpent).toBe(0n);
  });

  test.each([
    ['December', '2026-12-31T23:59:59Z', '2026-12-01', '2027-01-01'],
    ['a leap February', '2028-02-29T12:00:00Z', '2028-02-01', '2028-03-01'],
    ['the last hour of a month west of Greenwich', '2026-03-31T20:00:00-05:00', '2026-04-01', '2026-05-01'],
  ])('knows %s', (_, now, start, end) => {
    expect(cycleOf(new Date(now))).toEqual({
      start: new Date(`${start}T00:00:00Z`),
      end: new Date(`${end}T00:00:00Z`),
    });
  });
});

test('what is held is not available', () => {
  expect(availableOf(anAccount({ balance: 100n, held: 40n }))).toBe(60n);
  expect(availableOf(anAccount({ balance: 40n, held: 40n }))).toBe(0n);
});

describe('a recharge is due', () => {
  const recharging = anAccount({
    autoRecharge: true,
    autoRechargeThreshold: 20n,
    autoRechargeAmount: 50n,
    balance: 19n,
  });

  test.each([
    ['below the threshold', recharging, true],
    ['at the threshold: not', { ...recharging, balance: 20n }, false],
    ['when holds leave less than the threshold', { ...recharging, balance: 100n, held: 81n }, true],
    ['when holds leave the threshold: not', { ...recharging, balance: 100n, held: 80n }, false],
    ['when it is switched off: never', { ...recharging, autoRecharge: false, balance: 0n }, false],
    ['while one is under way: not', { ...recharging, openRechargeId: 'x' }, false],
    ['while the rule rests: not', { ...recharging, rechargeRestsUntil: later(1) }, false],
    ['at the instant at which the rest ends', { ...recharging, rechargeRestsUntil: NOW }, true],
    ['with a threshold of nothing: never', { ...recharging, autoRechargeThreshold: 0n, balance: 0n }, false],
  ])('%s', (_, account, expected) => {
    expect(wantsRecharge(account, NOW)).toBe(expected);
  });

  test('a top-up ends the rest after a failure, and no suspension', () => {
    expect(afterTopUp({ ...recharging, rechargeRestsUntil: later(1_000) }).rechargeRestsUntil).toBeNull();
    expect(afterTopUp({ ...recharging, rechargeRestsUntil: SUSPENDED_UNTIL }).rechargeRestsUntil).toBe(SUSPENDED_UNTIL);
    expect(afterTopUp(recharging)).toEqual(recharging);
  });
});
