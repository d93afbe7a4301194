import { isIP } from 'node:net';
import { type AddressPolicy, isAllowedAddress } from './address.model.ts';

/** What an operator allows. */
export type TargetPolicy = AddressPolicy & {
  /** Beside 443 and 8443; with private networks every port is allowed. */
  readonly ports: readonly number[];
};

export type UnsafeReason = 'scheme' | 'port' | 'userinfo' | 'host' | 'address' | 'malformed';

export type Target = { readonly url: URL } | { readonly unsafe: UnsafeReason };

const PORTS = [443, 8443];
const MAX_HOST_LENGTH = 253;
/** Names that mean something inside a network only. */
const LOCAL_NAMES = /^(?:.+\.)?(?:localhost|local|localdomain|internal|intranet|lan|home|corp|home\.arpa)$/;

/** The authority as it was written, before the URL parser makes sense of it. */
const authorityOf = (text: string): string => /^[a-z]+:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';

/** Decimal, octal, hexadecimal and shortened addresses are read by the URL parser and come out rewritten. */
const isWrittenPlainly = (host: string, authority: string): boolean =>
  authority.toLowerCase() === host || authority.toLowerCase().startsWith(`${host}:`);

function unsafeHost(url: URL, authority: string, policy: TargetPolicy): UnsafeReason | null {
  const host = url.hostname;
  const address = host.startsWith('[') ? host.slice(1, -1) : host;
  if (isIP(address) !== 0) {
    if (!isWrittenPlainly(host, authority)) return 'host';
    return isAllowedAddress(address, policy) ? null : 'address';
  }
  if (host === '' || host.length > MAX_HOST_LENGTH || host.endsWith('.')) return 'host';
  if (policy.allowPrivate) return null;
  return host.includes('.') && !LOCAL_NAMES.test(host) ? null : 'host';
}

function isAllowedPort(url: URL, { allowPrivate, ports }: TargetPolicy): boolean {
  if (allowPrivate) return true;
  const port = url.port === '' ? 443 : Number(url.port);
  return PORTS.includes(port) || ports.includes(port);
}

/** Judges an address by its text alone: where a name leads is judged when it is connected to. */
export function parseTarget(text: string, policy: TargetPolicy): Target {
  // The parser takes a backslash for a slash and drops tabs and line ends: what is read is not what is requested.
  if (/[\s\\\p{Cc}]/u.test(text) || !URL.canParse(text)) return { unsafe: 'malformed' };
  const url = new URL(text);
  const isHttp = url.protocol === 'http:' && policy.allowPrivate;
  if (url.protocol !== 'https:' && !isHttp) return { unsafe: 'scheme' };
  const authority = authorityOf(text);
  if (authority === '') return { unsafe: 'malformed' };
  if (authority.includes('@') || url.username !== '' || url.password !== '') return { unsafe: 'userinfo' };
  const unsafe = unsafeHost(url, authority, policy);
  if (unsafe) return { unsafe };
  if (!isAllowedPort(url, policy)) return { unsafe: 'port' };
  return { url };
}
