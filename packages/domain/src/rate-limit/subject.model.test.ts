import { expect, test } from 'vitest';
import { ipSubject } from './subject.model.ts';

test('IPv4 counts address by address, however it is written', () => {
  expect(ipSubject('192.0.2.7')).toBe('192.0.2.7');
  expect(ipSubject('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(ipSubject('::ffff:c000:207')).toBe('192.0.2.7');
  expect(ipSubject('192.0.2.8')).not.toBe(ipSubject('192.0.2.7'));
});

test('IPv6 counts by the /64: one household holds all of it', () => {
  const one = ipSubject('2001:db8:1:2::1');
  for (const same of ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:0DB8:0001:0002::', '2001:db8:1:2::1%eth0']) {
    expect(ipSubject(same)).toBe(one);
  }
  for (const other of ['2001:db8:1:3::1', '2001:db8:0:2::1', '::1']) expect(ipSubject(other)).not.toBe(one);
});

test('what is no address is one subject for all: an unknown caller is not exempt', () => {
  for (const unknown of [null, '', 'unknown', '999.1.1.1', '2001:db8::1::2'])
    expect(ipSubject(unknown)).toBe('unknown');
});
