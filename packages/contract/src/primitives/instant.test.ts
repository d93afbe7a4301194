import { AddCreditsInput, BalanceAtInput } from '@morket/contract/billing';
import { Instant } from '@morket/contract/primitives';
import { describe, expect, test } from 'vitest';

describe('an instant', () => {
  test.each([
    ['beyond the year 9999, seen from its zone', '9999-12-31T23:59:59-01:00'],
    ['the year 0', '0000-01-01T00:00:00Z'],
    ['the year 1', '0001-01-01T00:00:00Z'],
    ['before 1970, seen from its zone', '1970-01-01T00:30:00+01:00'],
    ['without a zone', '2027-01-01T00:00:00'],
    ['on no day of a calendar', '2027-02-30T00:00:00Z'],
  ])('is refused: %s', (_, value) => {
    expect(Instant.safeParse(value).success).toBe(false);
    expect(AddCreditsInput.safeParse({ amount: 1, description: 'test', expiresAt: value }).success).toBe(false);
    expect(BalanceAtInput.safeParse({ at: value }).success).toBe(false);
  });

  test.each(['2027-01-01T00:00:00+02:00', '2027-01-01T00:00:00.123Z', '1970-01-01T00:00:00Z', '9999-12-30T23:59:59Z'])(
    'is taken: %s',
    (value) => {
      expect(Instant.parse(value)).toBe(value);
    },
  );
});
