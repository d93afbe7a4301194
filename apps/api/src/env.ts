import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseKeyRing } from '@morket/domain/secrets';
import { z } from 'zod';

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** `15m`, `7d`, `900s` or plain seconds; yields seconds. */
const duration = z.string().transform((value, ctx) => {
  const match = /^(\d{1,9})([smhd]?)$/.exec(value.trim());
  const seconds = match ? Number(match[1]) * UNITS[(match[2] || 's') as keyof typeof UNITS] : 0; // the pattern allows no other unit
  if (seconds > 0 && seconds <= 10 * 365 * UNITS.d) return seconds;
  ctx.addIssue({ code: 'custom', message: 'must be a duration like 900s, 15m, 12h or 7d' });
  return z.NEVER;
});

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));

const list = (check: (item: string) => boolean, message: string) =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .refine((items) => items.every(check), message);

const url = (scheme: RegExp, like: string) =>
  z.string().refine((value) => scheme.test(value) && URL.canParse(value), `must be a URL like ${like}`);

function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const isOrigin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value;

function isNetwork(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

const kafkaName = z
  .string()
  .regex(/^[\w.-]{1,100}$/, 'must be a name of letters, digits, dots, hyphens and underscores');

/** `name=value,name=value`, values percent-encoded, as OpenTelemetry writes headers. */
const headers = list((item) => /^[\w-]+=[^\s,]+$/.test(item), 'must be a list like name=value').transform((items) =>
  Object.fromEntries(
    items.map((item) => {
      const at = item.indexOf('=');
      return [item.slice(0, at), unescaped(item.slice(at + 1))] as const;
    }),
  ),
);

const keyRing = z.string().transform((value, ctx) => {
  try {
    return parseKeyRing(value);
  } catch (err) {
    ctx.addIssue({ code: 'custom', message: err instanceof Error ? err.message : 'is not valid' });
    return z.NEVER;
  }
});

const Schema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  PORT: integer(0, 65_535).optional(),
  HOST: z.string().max(255).optional(),
  DATABASE_URL: url(/^postgres(ql)?:\/\//, 'postgres://user:password@host:5432/name').optional(),
  REDIS_URL: url(/^rediss?:\/\//, 'redis://host:6379').optional(),
  MORKET_DATA_DIR: z.string().max(1_000).default('.morket'),
  JWT_SECRET: z.string().min(32, 'must hold at least 32 characters').max(1_000).optional(),
  JWT_ACCESS_EXPIRY: duration.prefault('15m'),
  JWT_REFRESH_EXPIRY: duration.prefault('7d'),
  SESSION_ABSOLUTE_EXPIRY: duration.prefault('30d'),
  ENCRYPTION_MASTER_KEY: keyRing.optional(),
  CORS_ORIGIN: list(isOrigin, 'must be a list of origins like https://app.example.com').prefault(''),
  BASE_DOMAIN: z
    .string()
    .regex(/^[a-z0-9.-]{1,253}$/, 'must be a domain name in lower case')
    .optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  TRUST_PROXY: list(isNetwork, 'must be a list of addresses or networks like 10.0.0.0/8').prefault(''),
  RATE_LIMIT_AUTH_PER_MINUTE: integer(0, 1_000_000).prefault('5'),
  RATE_LIMIT_PER_MINUTE: integer(0, 1_000_000).prefault('100'),
  RATE_LIMIT_USER_PER_MINUTE: integer(0, 1_000_000).prefault('1000'),
  BCRYPT_ROUNDS: integer(4, 16).prefault('12'),
  SMTP_URL: url(/^smtps?:\/\//, 'smtps://user:password@smtp.example.com:465').optional(),
  MAIL_FROM: z
    .string()
    .max(320)
    .regex(
      /^(?:[^<>@\p{Cc}]{1,200}<[^\s<>@]+@[\w.-]+>|[^\s<>@]+@[\w.-]+)$/u,
      'must be an address like Morket <no-reply@example.com>',
    )
    .optional(),
  PAYMENT_GATEWAY: z.enum(['none', 'simulated', 'stripe']).optional(),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^[rs]k_(test|live)_\w{8,300}$/, 'must be a secret or restricted key of Stripe')
    .optional(),
  STRIPE_WEBHOOK_SECRET: list(
    (item) => /^whsec_[\w+/=]{8,200}$/.test(item),
    'must be a list of signing secrets like whsec_…',
  ).prefault(''),
  STRIPE_API_URL: url(/^https?:\/\//, 'https://api.stripe.com').optional(),
  PAYMENT_RETURN_URL: url(/^https?:\/\//, 'https://app.example.com/billing').optional(),
  CREDIT_PRICE_MINOR: integer(1, 1_000_000).prefault('1'),
  CREDIT_CURRENCY: z
    .string()
    .regex(/^[a-z]{3}$/, 'must be a currency like usd')
    .default('usd'),
  WEBHOOK_ALLOW_PRIVATE: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
  WEBHOOK_PORTS: list((item) => /^\d{1,5}$/.test(item) && Number(item) <= 65_535, 'must be a list of ports like 4443')
    .transform((ports) => ports.map(Number))
    .prefault(''),
  WORKER: z.enum(['inline', 'off']).default('inline'),
  EVENT_RETENTION: duration.prefault('30d'),
  KAFKA_BROKERS: list(
    (item) => /^(?:[\w.-]+|\[[\da-f:]+\]):\d{1,5}$/i.test(item),
    'must be a list like host:9092',
  ).prefault(''),
  KAFKA_TOPIC_PREFIX: kafkaName.default('morket'),
  KAFKA_GROUP_ID: kafkaName.default('morket-workers'),
  KAFKA_PARTITIONS: integer(1, 1_000).prefault('12'),
  KAFKA_TLS: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
  KAFKA_USERNAME: z.string().max(500).optional(),
  KAFKA_PASSWORD: z.string().max(5_000).optional(),
  KAFKA_SASL_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('SCRAM-SHA-512'),
  METRICS_PORT: integer(0, 65_535).optional(),
  METRICS_HOST: z.string().max(255).default('127.0.0.1'),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\w.~+/=-]{16,500}$/, 'must hold at least 16 letters, digits or signs of base64')
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(/^https?:\/\//, 'http://localhost:4318').optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headers.prefault(''),
  OTEL_SERVICE_NAME: z.string().max(100).default('morket'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(?:0(?:\.\d{1,6})?|1(?:\.0)?)$/, 'must be a part between 0 and 1')
    .transform(Number)
    .prefault('1'),
  SHUTDOWN_DELAY_MS: integer(0, 60_000).optional(),
});

export type Env = z.infer<typeof Schema>;

/** What production may not make up for itself. */
const REQUIRED_IN_PRODUCTION = ['JWT_SECRET', 'ENCRYPTION_MASTER_KEY'] as const;
const MIN_PRODUCTION_ROUNDS = 10;

/** A name without its password, or the other way round, would sign in as nobody. */
const kafkaProblems = ({ KAFKA_USERNAME: name, KAFKA_PASSWORD: password }: z.infer<typeof Schema>): string[] =>
  (name === undefined) === (password === undefined)
    ? []
    : ['KAFKA_USERNAME: is set together with KAFKA_PASSWORD or not at all'];

/** A mail server wants to know who writes. */
const mailProblems = (env: z.infer<typeof Schema>): string[] =>
  env.SMTP_URL !== undefined && env.MAIL_FROM === undefined ? ['MAIL_FROM: is required with SMTP_URL'] : [];

/** A provider is set up whole, and pretended money stays out of production. */
function paymentProblems(env: z.infer<typeof Schema>): string[] {
  if (env.PAYMENT_GATEWAY === 'simulated' && env.NODE_ENV === 'production') {
    return ['PAYMENT_GATEWAY: production cannot pay with a simulated provider'];
  }
  if (env.PAYMENT_GATEWAY !== 'stripe' && env.STRIPE_SECRET_KEY === undefined) return [];
  return [
    ...(env.STRIPE_SECRET_KEY === undefined ? ['STRIPE_SECRET_KEY: is required for PAYMENT_GATEWAY=stripe'] : []),
    ...(env.STRIPE_WEBHOOK_SECRET.length === 0 ? ['STRIPE_WEBHOOK_SECRET: is required with STRIPE_SECRET_KEY'] : []),
  ];
}

/** The settings of this process, or one line for each variable that is missing or bad; values are never repeated. */
export function parseEnv(
  source: Readonly<Record<string, string | undefined>>,
): Env | { readonly problems: readonly string[] } {
  // An empty variable is how a .env file leaves one out.
  const given = Object.fromEntries(
    Object.entries(source).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = Schema.safeParse(given);
  const missing =
    given.NODE_ENV === 'production'
      ? REQUIRED_IN_PRODUCTION.filter((name) => !(name in given)).map((name) => `${name}: is required in production`)
      : [];
  const bad = parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
  const weak =
    parsed.data?.NODE_ENV === 'production' && parsed.data.BCRYPT_ROUNDS < MIN_PRODUCTION_ROUNDS
      ? [`BCRYPT_ROUNDS: must be at least ${MIN_PRODUCTION_ROUNDS} in production`]
      : [];
  const { data } = parsed;
  const halves = data ? [paymentProblems, mailProblems, kafkaProblems].flatMap((find) => find(data)) : [];
  const problems = [...missing, ...bad, ...weak, ...halves];
  return parsed.success && problems.length === 0 ? parsed.data : { problems };
}

/** Reads the environment (and a `.env` file beside the process, if there is one) once; ends the process when it is not valid. */
export function loadEnv(): Env {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const env = parseEnv(process.env);
  if (!('problems' in env)) return env;
  for (const problem of env.problems) process.stderr.write(`${problem}\n`);
  process.exit(1);
}

/** The environment of a program that this one starts. */
export const childEnvironment = (more: Readonly<Record<string, string>>) => ({ ...process.env, ...more });
