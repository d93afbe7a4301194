import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Where an operator lets requests go beside the public internet. */
export type AddressPolicy = { readonly allowPrivate: boolean };

/** Networks of one's own. Link-local is never among them: that is where clouds keep the credentials of a machine. */
const PRIVATE_RANGES: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Services of the machine's own host, some of which hand out its credentials, in networks that are otherwise allowed: the wire server of
 * Azure, and the metadata services of Alibaba, of AWS over IPv6, and of Google over IPv6.
 */
const HOST_SERVICES: ReadonlySet<string> = new Set([
  '168.63.129.16',
  '100.100.100.200',
  'fd00:ec2::254',
  'fd20:ce::254',
]);

/**
 * Of IPv6 only global unicast (2000::/3) without the parts that carry another address inside: 6to4 and Teredo there, mapped, compatible
 * and NAT64 addresses outside of it.
 */
const isGlobalUnicast = (address: ipaddr.IPv6): boolean =>
  address.range() === 'unicast' && ((address.parts[0] ?? 0) & 0xe000) === 0x2000;

/** Whether a connection may go to this address, written as the resolver gives it. False for anything that is no such address. */
export function isAllowedAddress(address: string, { allowPrivate }: AddressPolicy): boolean {
  // ipaddr.js reads octal, hexadecimal and shortened forms, which a resolver never gives.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (HOST_SERVICES.has(parsed.toString())) return false;
  if (allowPrivate && PRIVATE_RANGES.has(parsed.range())) return true;
  if (parsed instanceof ipaddr.IPv6) return isGlobalUnicast(parsed);
  return parsed.range() === 'unicast';
}
