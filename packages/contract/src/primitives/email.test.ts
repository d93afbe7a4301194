import { describe, expect, test } from 'vitest';
import { canonicalEmail, Email } from './email.ts';

describe('one address has one form', () => {
  test.each([
    ['as it is', 'ada@example.com', 'ada@example.com'],
    ['upper case', 'ADA@Example.COM', 'ada@example.com'],
    ['space around it', ' \tada@example.com\n', 'ada@example.com'],
    ['a no-break space around it', '\u00A0ada@example.com\u00A0', 'ada@example.com'],
    ['a full-width @', 'ada\uFF20example.com', 'ada@example.com'],
    ['a small @', 'ada\uFE6Bexample.com', 'ada@example.com'],
    ['full-width letters', '\uFF41\uFF44\uFF41@\uFF45\uFF58ample.com', 'ada@example.com'],
    ['a full-width dot', 'ada@example\uFF0Ecom', 'ada@example.com'],
    ['a ligature', 'o\uFB03ce@example.com', 'office@example.com'],
    ['a Kelvin sign', '\u212Aelvin@example.com', 'kelvin@example.com'],
    ['mathematical letters', '\u{1D41A}\u{1D41D}\u{1D41A}@example.com', 'ada@example.com'],
    ['a domain with an umlaut', 'ada@Bücher.example', 'ada@xn--bcher-kva.example'],
    ['the same domain, decomposed', 'ada@Bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
    ['the same domain, in ASCII', 'ada@XN--BCHER-KVA.example', 'ada@xn--bcher-kva.example'],
    ['a top-level domain in Cyrillic', 'ada@пример.рф', 'ada@xn--e1afmkfd.xn--p1ai'],
    ['a top-level domain in Chinese', 'ada@例子.中国', 'ada@xn--fsqu00a.xn--fiqs8s'],
    ['a tag, which is the provider’s business', 'ada+news@example.com', 'ada+news@example.com'],
    ['dots, which are the provider’s business', 'a.d.a@example.com', 'a.d.a@example.com'],
  ])('%s', (_, given, canonical) => {
    expect(Email.parse(given)).toBe(canonical);
  });
});

describe('what is no address is refused', () => {
  test.each([
    ['nothing', ''],
    ['no @', 'ada.example.com'],
    ['no name', '@example.com'],
    ['no domain', 'ada@'],
    ['two @', 'ada@home@example.com'],
    ['a full-width @ beside a real one', 'ada\uFF20evil.example@example.com'],
    ['no dot in the domain', 'ada@localhost'],
    ['an IPv4 address', 'ada@127.0.0.1'],
    ['an IPv4 address in disguise', 'ada@0x7f.1'],
    ['an IPv6 address', 'ada@[::1]'],
    ['a port', 'ada@example.com:25'],
    ['a path', 'ada@example.com/x'],
    ['a sign that becomes a path', 'ada@example.com\u2100'],
    ['a percent escape', 'ada@ex%61mple.com'],
    ['a trailing dot', 'ada@example.com.'],
    ['an empty label', 'ada@example..com'],
    ['a label that begins with a hyphen', 'ada@-example.com'],
    ['a top-level domain of digits', 'ada@example.123'],
    ['punycode that ends in a hyphen', 'ada@example.xn--'],
    ['dots in a row in the name', 'a..da@example.com'],
    ['an ellipsis, which becomes three dots', 'a\u2026da@example.com'],
    ['a space inside', 'a da@example.com'],
    ['a NUL', 'ada\u0000@example.com'],
    ['a line feed inside', 'ada\n@example.com'],
    ['a second header line', 'ada@example.com\r\nBcc: eve@example.com'],
    ['a delete character', 'ada\u007F@example.com'],
    ['a C1 control', 'ada\u0085x@example.com'],
    ['a zero-width space', 'a\u200Bda@example.com'],
    ['a right-to-left override', 'ada\u202E@example.com'],
    ['a soft hyphen in the domain', 'ada@exam\u00ADple.com'],
    ['a zero-width joiner in the domain', 'ada@exam\u200Dple.com'],
    ['half of a surrogate pair', 'ada\uD800@example.com'],
    ['a look-alike letter in the name', '\u0430da@example.com'],
    ['a dotted capital I, which grows a mark in lower case', '\u0130da@example.com'],
    ['a quoted name', '"ada"@example.com'],
    ['a comment', 'ada(home)@example.com'],
    ['a display name', 'Ada <ada@example.com>'],
    ['255 characters', `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(58)}.com`],
  ])('%s', (_, given) => {
    expect(Email.safeParse(given).success).toBe(false);
  });

  test('a short spelling that grows beyond 254 characters in ASCII', () => {
    const given = `ada@${'ü.'.repeat(32)}example`;
    expect(given.length).toBeLessThan(100);
    expect(canonicalEmail(given).length).toBeGreaterThan(254);
    expect(Email.safeParse(given).success).toBe(false);
  });
});
