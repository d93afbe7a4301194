const REDACTED = '[redacted]';

/** Fields whose name says that their value is nobody's business, however deep they stand. */
const BY_KEY =
  /"(?!apiKeyId")((?:[\w-]*(?:password|secret|token|authorization|cookie|api[-_]?key|master[-_]?key)[\w-]*|key|idempotencyKey|idempotency-key))":"(?:[^"\\]|\\.)*"/gi;

/** Values that are secrets wherever they stand: JWTs, refresh tokens, bearer headers, keys of providers and forms, passwords inside URLs. */
const BY_VALUE: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,4096}\.[\w-]{8,4096}/g, REDACTED],
  [/(?<![\w-])v1\.[\w-]{50,4096}/g, REDACTED],
  [/(Bearer\s+)[\w.~+/-]{8,}=*/gi, `$1${REDACTED}`],
  [/\b(?:sk|pk|hk|hs|rk|mk)[-_](?:live|test|prod)?[-_]?[A-Za-z0-9]{8,}/g, REDACTED],
  [/mk(?:[-_]|%5f)live(?:[-_]|%5f)\w{8,}/gi, REDACTED],
  [/(postgres(?:ql)?|rediss?):\/\/([^:@/\s"]{0,256}):[^@\s"]{1,1024}@/g, `$1://$2:${REDACTED}@`],
  [/\bmf_[\w-]{43}/g, REDACTED],
  [/\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}/g, REDACTED],
];

/** Takes secrets out of one finished log line. */
export function scrub(line: string): string {
  const byKey = line.replace(BY_KEY, (_, key: string) => `"${key}":"${REDACTED}"`);
  return BY_VALUE.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), byKey);
}
