import ipaddr from 'ipaddr.js';

/** What an address is counted as: IPv4 as it is, IPv6 by its /64 (one household holds them all), unknown as one subject. */
export function ipSubject(ip: string | null): string {
  if (ip === null || !ipaddr.isValid(ip)) return 'unknown';
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  return `${address.toByteArray().slice(0, 8).join('.')}/64`;
}
