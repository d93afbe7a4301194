import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTarget, type TargetPolicy } from './target.model.ts';

const STRICT: TargetPolicy = { allowPrivate: false, ports: [] };
const OPEN: TargetPolicy = { allowPrivate: true, ports: [] };

const unsafe = (text: string, policy = STRICT) => {
  const target = parseTarget(text, policy);
  return 'unsafe' in target ? target.unsafe : null;
};

/** Invariant: however an address of this machine is written, a URL that leads to it is refused before anything is looked up. */
test('no spelling of an address of this machine passes', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const spellings = fc.tuple(byte, byte, byte).chain(([b, c, d]) => {
    const value = 127 * 2 ** 24 + b * 65_536 + c * 256 + d;
    return fc.constantFrom(
      `127.${b}.${c}.${d}`,
      `127.${b}.${c}.${d}.`,
      String(value),
      `0x${value.toString(16)}`,
      `0X${value.toString(16)}`,
      `0${value.toString(8)}`,
      `0177.${b}.${c}.${d}`,
      `0x7f.${b}.${c}.${d}`,
      `127.${b * 65_536 + c * 256 + d}`,
      `127.${b}.${c * 256 + d}`,
      `[::ffff:127.${b}.${c}.${d}]`,
      `[::ffff:7f${b.toString(16).padStart(2, '0')}:${(c * 256 + d).toString(16)}]`,
      `[64:ff9b::127.${b}.${c}.${d}]`,
      `[::127.${b}.${c}.${d}]`,
      `１２７.${b}.${c}.${d}`,
      `127。${b}。${c}。${d}`,
    );
  });
  const path = fc.constantFrom('', '/', '/hook', '?a=b', '#f');
  return fc.assert(
    fc.property(spellings, fc.constantFrom('', ':443', ':8443'), path, (host, port, rest) => {
      expect(unsafe(`https://${host}${port}${rest}`)).not.toBeNull();
    }),
    { numRuns: 1_000 },
  );
});

/** Invariant: the URL that is requested has the host and the port that were judged; judging it again gives the same. */
test('what passes is what is requested', () =>
  fc.assert(
    fc.property(
      fc.webUrl({ validSchemes: ['https', 'http', 'ftp'], withFragments: true, withQueryParameters: true }),
      (text) => {
        const target = parseTarget(text, STRICT);
        if ('unsafe' in target) return;
        expect(target.url.protocol).toBe('https:');
        expect(['', '443', '8443']).toContain(target.url.port);
        expect(unsafe(target.url.href)).toBeNull();
      },
    ),
    { numRuns: 300 },
  ));

describe('refused', () => {
  test.each([
    ['http://example.com/', 'scheme'],
    ['ftp://example.com/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['https://example.com:22/', 'port'],
    ['https://example.com:80/', 'port'],
    ['https://user@example.com/', 'userinfo'],
    ['https://user:secret@example.com/', 'userinfo'],
    ['https://@example.com/', 'userinfo'],
    ['https://example.com@127.0.0.1/', 'userinfo'],
    ['https://example.com./', 'host'],
    ['https://localhost/', 'host'],
    ['https://api.localhost/', 'host'],
    ['https://printer.local/', 'host'],
    ['https://metadata.google.internal/', 'host'],
    ['https://router.home.arpa/', 'host'],
    ['https://intranet/', 'host'],
    ['https://0x08080808/', 'host'],
    ['https://134744072/', 'host'],
    ['https://127.0.0.1/', 'address'],
    ['https://10.0.0.8/', 'address'],
    ['https://169.254.169.254/latest/meta-data', 'address'],
    ['https://[::1]/', 'address'],
    ['https://[fe80::1]/', 'address'],
    ['https://[fe80::1%25eth0]/', 'malformed'],
    ['https://example.com\\@127.0.0.1/', 'malformed'],
    ['https://exam\tple.com/', 'malformed'],
    ['https://example.com/\nhost', 'malformed'],
    ['https:example.com', 'malformed'],
    ['https:///example.com/', 'malformed'],
    ['https://', 'malformed'],
    ['//example.com/', 'malformed'],
    ['', 'malformed'],
  ])('%j for its %s', (text, reason) => {
    expect(unsafe(text)).toBe(reason);
  });
});

describe('allowed', () => {
  test.each([
    'https://hooks.example.com/',
    'https://hooks.example.com:8443/x?y=z',
    'HTTPS://Hooks.Example.COM/',
    'https://bücher.example/',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
  ])('%s', (text) => {
    expect(unsafe(text)).toBeNull();
  });

  test('further ports that the operator lists', () => {
    expect(unsafe('https://example.com:4443/', { allowPrivate: false, ports: [4443] })).toBeNull();
  });

  test('http, local names and every port where private networks are', () => {
    for (const text of ['http://localhost:3000/', 'http://127.0.0.1:9/', 'http://receiver:8080/'])
      expect(unsafe(text, OPEN)).toBeNull();
    expect(unsafe('http://169.254.169.254/', OPEN)).toBe('address');
    expect(unsafe('http://a:b@localhost/', OPEN)).toBe('userinfo');
  });
});
