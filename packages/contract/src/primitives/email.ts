import { bounded } from './text.ts';

function asciiDomain(domain: string): string {
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    return '';
  }
}

/** The one form in which an address is compared and stored: NFKC, lower case, the domain in ASCII (IDNA). */
export function canonicalEmail(value: string): string {
  const folded = value.normalize('NFKC').trim().toLowerCase();
  const at = folded.lastIndexOf('@');
  const domain = folded.slice(at + 1);
  // A URL parser forgives what an address may not hold (ports, paths, percent escapes): those stay as they are and fail.
  if (at < 1 || /[^\p{L}\p{M}\p{N}.-]/u.test(domain)) return folded;
  return `${folded.slice(0, at)}@${asciiDomain(domain)}`;
}

/** zod's own pattern, and top-level domains that IDNA writes with digits and hyphens (`xn--p1ai`), which that one refuses. */
const ADDRESS =
  /^(?:[A-Za-z0-9_'+-]+\.)*[A-Za-z0-9_'+-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+(?:[A-Za-z]{2,}|xn--[A-Za-z0-9-]*[A-Za-z0-9])$/;

/** An e-mail address; parsing yields its canonical form. */
export const Email = bounded(254)
  .refine((value) => value.isWellFormed(), { error: 'must be well-formed text', abort: true })
  .overwrite(canonicalEmail)
  .max(254, { abort: true }) // the canonical form may be longer
  .regex(ADDRESS, 'must be an e-mail address')
  .meta({ format: 'email', examples: ['ada@example.com'] });
