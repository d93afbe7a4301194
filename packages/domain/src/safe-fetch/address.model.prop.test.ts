import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAllowedAddress } from './address.model.ts';

const PUBLIC_ONLY = { allowPrivate: false };
const WITH_PRIVATE = { allowPrivate: true };

/** First address and number of leading bits of every network that is no place for a stranger's request (IANA special-purpose registries). */
const FORBIDDEN_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['255.255.255.255', 32],
];

const toNumber = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toV4 = (value: number) => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
const isForbidden = (value: number) =>
  FORBIDDEN_V4.some(
    ([first, bits]) => Math.floor(value / 2 ** (32 - bits)) === Math.floor(toNumber(first) / 2 ** (32 - bits)),
  );

const v4 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const forbiddenV4 = fc
  .constantFrom(...FORBIDDEN_V4)
  .chain(([first, bits]) => fc.integer({ min: 0, max: 2 ** (32 - bits) - 1 }).map((rest) => toNumber(first) + rest));
const hex = (value: number) => `${Math.floor(value / 65_536).toString(16)}:${(value % 65_536).toString(16)}`;

/** Every way an IPv6 address carries an IPv4 address inside. */
const WRAPPINGS: readonly ((value: number) => string)[] = [
  (value) => `::ffff:${toV4(value)}`,
  (value) => `::ffff:${hex(value)}`,
  (value) => `::ffff:0:${hex(value)}`,
  (value) => `::${hex(value)}`,
  (value) => `64:ff9b::${hex(value)}`,
  (value) => `64:ff9b:1::${hex(value)}`,
  (value) => `2002:${hex(value)}::1`,
  (value) => `2001:0:${hex(value)}::1`,
];

/**
 * Invariant: a connection goes to addresses of the public internet alone. No network of a machine's own, however its addresses are
 * written or wrapped, is among them; with private networks allowed, link-local and what is no host at all still are not.
 */
describe('without private networks', () => {
  test('no address of a forbidden network', () =>
    fc.assert(
      fc.property(forbiddenV4, (value) => {
        expect(isAllowedAddress(toV4(value), PUBLIC_ONLY)).toBe(false);
      }),
      { numRuns: 500 },
    ));

  test('an IPv4 address exactly when it is in none of them', () =>
    fc.assert(
      fc.property(
        v4.filter(
          (value) => toV4(value) !== '168.63.129.16' && !/^192\.(88\.99|31\.196|52\.193|175\.48)\./.test(toV4(value)),
        ),
        (value) => {
          expect(isAllowedAddress(toV4(value), PUBLIC_ONLY)).toBe(!isForbidden(value));
        },
      ),
      { numRuns: 1_000 },
    ));

  test('no IPv4 address wrapped into IPv6, be it public or not', () =>
    fc.assert(
      fc.property(fc.oneof(v4, forbiddenV4), fc.constantFrom(...WRAPPINGS), (value, wrap) => {
        expect(isAllowedAddress(wrap(value), PUBLIC_ONLY)).toBe(false);
      }),
      { numRuns: 500 },
    ));

  test('no IPv6 address outside of 2000::/3', () =>
    fc.assert(
      fc.property(
        fc
          .array(fc.integer({ min: 0, max: 65_535 }), { minLength: 8, maxLength: 8 })
          .filter(([first = 0]) => first >> 13 !== 1),
        (parts) => {
          expect(isAllowedAddress(parts.map((part) => part.toString(16)).join(':'), PUBLIC_ONLY)).toBe(false);
        },
      ),
      { numRuns: 500 },
    ));

  test.each(['8.8.8.8', '93.184.216.34', '2606:4700:4700::1111', '2a00:1450:4001:830::200e'])(
    '%s is one',
    (address) => {
      expect(isAllowedAddress(address, PUBLIC_ONLY)).toBe(true);
    },
  );

  test.each([
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    '2606:4700::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
  ])('%s is none', (address) => {
    expect(isAllowedAddress(address, PUBLIC_ONLY)).toBe(false);
  });

  test('no text that is no address as a resolver gives it: decimal, octal, hexadecimal and shortened forms', () =>
    fc.assert(
      fc.property(v4, fc.constantFrom('dec', 'hex', 'oct', 'short', 'padded'), (value, form) => {
        const parts = toV4(value).split('.');
        const written = {
          dec: String(value),
          hex: `0x${value.toString(16)}`,
          oct: parts.map((part) => `0${Number(part).toString(8)}`).join('.'),
          short: `${parts[0]}.${value % 2 ** 24}`,
          padded: parts.map((part) => part.padStart(4, '0')).join('.'),
        }[form];
        expect(isAllowedAddress(written, PUBLIC_ONLY)).toBe(false);
        expect(isAllowedAddress(written, WITH_PRIVATE)).toBe(false);
      }),
      { numRuns: 300 },
    ));
});

describe('with private networks', () => {
  test.each(['127.0.0.1', '::1', '10.1.2.3', '192.168.0.4', '172.31.0.1', 'fd12::1', '8.8.8.8'])(
    '%s is one',
    (address) => {
      expect(isAllowedAddress(address, WITH_PRIVATE)).toBe(true);
    },
  );

  test.each([
    '169.254.169.254',
    'fe80::1',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    '255.255.255.255',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    'fd00:ec2::254',
    'fd20:ce::254',
    'FD00:0EC2:0:0:0:0:0:0254',
    '100.100.100.200',
    '168.63.129.16',
  ])('%s is none', (address) => {
    expect(isAllowedAddress(address, WITH_PRIVATE)).toBe(false);
  });
});
