import type { Source } from '../source-files.ts';

/** Shapes of secrets that must never be committed, whoever they belong to. */
const SECRETS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['an AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a Morket API key', /\bmk_[a-z]+_[0-9A-Za-z]{30,}\b/],
  ['a GitHub token', /\bgh[pousr]_[0-9A-Za-z]{36,}\b/],
  ['a Slack token', /\bxox[abprs]-[0-9A-Za-z-]{20,}/],
  ['a Stripe key', /\b[rs]k_live_[0-9A-Za-z]{20,}\b/],
  ['a Google API key', /\bAIza[0-9A-Za-z_-]{35}\b/],
];

/** Lines that hold something shaped like a secret; the secret itself is not repeated. */
export function secretProblems({ path, text }: Source): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      SECRETS.filter(([, pattern]) => pattern.test(line)).map(
        ([what]) => `${path}:${index + 1} holds what looks like ${what}; remove it, and revoke it if it was real`,
      ),
    );
}
