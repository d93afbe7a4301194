import { dictionary } from '@zxcvbn-ts/language-common';

const COMMON = new Set(dictionary['passwords-common']);
const PRODUCT = 'morket';
/** Shorter context words (an "al" of al@example.com) would refuse good passwords by chance. */
const MIN_CONTEXT_LENGTH = 4;

/** Lower case, with the digits and signs around the word gone: `Morket2026!` is `morket`. */
const core = (value: string) => value.toLowerCase().replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');

/** Why a chosen password is refused, or null. `context` holds what an attacker would try first: the name, the address. */
export function refusalOf(password: string, context: readonly string[]): 'too_common' | 'contains_context' | null {
  const lower = password.toLowerCase();
  if (COMMON.has(lower) || /^(.)\1+$/u.test(password)) return 'too_common';
  const words = [PRODUCT, ...context.flatMap((entry) => [entry, ...entry.split(/[^\p{L}\p{N}]+/u)])]
    .map((word) => word.toLowerCase())
    .filter((word) => word.length >= MIN_CONTEXT_LENGTH);
  return words.some((word) => lower === word || core(password) === word) ? 'contains_context' : null;
}
