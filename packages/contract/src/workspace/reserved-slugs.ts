/** Names that a deployment needs for itself below its base domain; no workspace gets one of them as its slug. */
export const RESERVED_SLUGS: ReadonlySet<string> = new Set([
  'admin',
  'api',
  'app',
  'assets',
  'auth',
  'cdn',
  'docs',
  'help',
  'mail',
  'static',
  'status',
  'support',
  'www',
]);
