import { describe, expect, test } from 'vitest';
import { type Env, parseEnv } from './env.ts';

type Source = Readonly<Record<string, string>>;

const KEY = '0123456789abcdef'.repeat(4);
const PRODUCTION: Source = {
  NODE_ENV: 'production',
  JWT_SECRET: 'a secret of forty characters, all of them',
  ENCRYPTION_MASTER_KEY: `1:${KEY}`,
};

function problemsOf(source: Source): readonly string[] {
  const env = parseEnv(source);
  return 'problems' in env ? env.problems : [];
}

function read(source: Source): Env {
  const env = parseEnv(source);
  if ('problems' in env) throw new Error(env.problems.join('\n'));
  return env;
}

/** A variable, a value it may not have, and what its line must say. */
const BAD: readonly (readonly [name: string, value: string, says: RegExp])[] = [
  ['NODE_ENV', 'staging', /development/],
  ['PORT', 'http', /whole number/],
  ['PORT', '65536', /65535/],
  ['PORT', '-1', /whole number/],
  ['PORT', '3000.5', /whole number/],
  ['HOST', 'h'.repeat(256), /255/],
  ['DATABASE_URL', 'mysql://db.internal/morket', /postgres:\/\//],
  ['DATABASE_URL', 'postgres://morket:hunter two@db:not-a-port/morket', /URL/],
  ['REDIS_URL', 'http://cache.internal', /redis:\/\//],
  ['REDIS_URL', 'redis://cache:not-a-port', /URL/],
  ['MORKET_DATA_DIR', 'd'.repeat(1001), /1000/],
  ['JWT_SECRET', 'thirty-one characters are short', /32/],
  ['JWT_ACCESS_EXPIRY', 'soon', /15m/],
  ['JWT_ACCESS_EXPIRY', '0s', /15m/],
  ['JWT_REFRESH_EXPIRY', '-7d', /7d/],
  ['JWT_REFRESH_EXPIRY', '7w', /7d/],
  ['SESSION_ABSOLUTE_EXPIRY', '999999999d', /7d/],
  ['ENCRYPTION_MASTER_KEY', 'deadbeef', /64/],
  ['ENCRYPTION_MASTER_KEY', `1:${KEY},1:${KEY}`, /twice/],
  ['ENCRYPTION_MASTER_KEY', `0:${KEY}`, /64/],
  ['CORS_ORIGIN', 'https://app.example.com/', /https:\/\/app\.example\.com/],
  ['CORS_ORIGIN', '*', /origin/],
  ['CORS_ORIGIN', 'null', /origin/],
  ['CORS_ORIGIN', 'https://good.example.com,app.bad.example.com', /origin/],
  ['BASE_DOMAIN', 'https://morket.example', /domain/],
  ['BASE_DOMAIN', 'Morket.Example', /lower case/],
  ['LOG_LEVEL', 'loud', /info/],
  ['TRUST_PROXY', 'true', /10\.0\.0\.0\/8/],
  ['TRUST_PROXY', '1', /10\.0\.0\.0\/8/],
  ['TRUST_PROXY', '10.0.0.0/33', /10\.0\.0\.0\/8/],
  ['TRUST_PROXY', '::1/129', /10\.0\.0\.0\/8/],
  ['TRUST_PROXY', '10.0.0.0/8/8', /10\.0\.0\.0\/8/],
  ['RATE_LIMIT_AUTH_PER_MINUTE', 'many', /whole number/],
  ['RATE_LIMIT_PER_MINUTE', '1000001', /1000000/],
  ['RATE_LIMIT_USER_PER_MINUTE', '-5', /whole number/],
  ['BCRYPT_ROUNDS', '3', /4/],
  ['BCRYPT_ROUNDS', '17', /16/],
  ['KAFKA_BROKERS', 'kafka.internal', /host:9092/],
  ['KAFKA_TOPIC_PREFIX', 'a topic', /letters/],
  ['KAFKA_PARTITIONS', '0', /1/],
  ['KAFKA_TLS', 'yes', /true/],
  ['KAFKA_SASL_MECHANISM', 'GSSAPI', /PLAIN/],
  ['KAFKA_USERNAME', 'morket', /KAFKA_PASSWORD/],
  ['METRICS_PORT', '65536', /65535/],
  ['METRICS_TOKEN', 'too short', /16/],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', /http:\/\//],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization: Basic', /name=value/],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5', /between 0 and 1/],
  ['SHUTDOWN_DELAY_MS', '60001', /60000/],
];

const CASES = BAD.map(([name, value, says]) => ({ title: `${name}=${value.slice(0, 50)}`, name, value, says }));

test.each(CASES)('$title is refused in one line that keeps the value to itself', ({ name, value, says }) => {
  const problems = problemsOf({ [name]: value });
  expect(problems).toHaveLength(1);
  const [problem = ''] = problems;
  expect(problem).toMatch(says);
  expect(problem.startsWith(`${name}: `)).toBe(true);
  expect(problem).not.toContain('\n');
  // Short values such as "1" or "true" stand in the explanation by chance.
  if (value.length > 8 && !problem.includes('like')) expect(problem).not.toContain(value);
});

test('every bad variable is named at once, not one start after another', () => {
  const problems = problemsOf({ PORT: 'x', LOG_LEVEL: 'x', JWT_SECRET: 'x', NODE_ENV: 'x' });
  expect(problems.map((line) => line.split(':', 1)[0]).sort()).toEqual(['JWT_SECRET', 'LOG_LEVEL', 'NODE_ENV', 'PORT']);
});

test('without anything set, everything has a value that suits a development machine', () => {
  expect(read({})).toEqual({
    NODE_ENV: 'development',
    MORKET_DATA_DIR: '.morket',
    JWT_ACCESS_EXPIRY: 15 * 60,
    JWT_REFRESH_EXPIRY: 7 * 86_400,
    SESSION_ABSOLUTE_EXPIRY: 30 * 86_400,
    CORS_ORIGIN: [],
    LOG_LEVEL: 'info',
    TRUST_PROXY: [],
    RATE_LIMIT_AUTH_PER_MINUTE: 5,
    RATE_LIMIT_PER_MINUTE: 100,
    RATE_LIMIT_USER_PER_MINUTE: 1_000,
    BCRYPT_ROUNDS: 12,
    STRIPE_WEBHOOK_SECRET: [],
    CREDIT_PRICE_MINOR: 1,
    CREDIT_CURRENCY: 'usd',
    ...{ KAFKA_BROKERS: [], KAFKA_TOPIC_PREFIX: 'morket', KAFKA_GROUP_ID: 'morket-workers', KAFKA_PARTITIONS: 12 },
    ...{ KAFKA_TLS: false, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', METRICS_HOST: '127.0.0.1' },
    ...{ WEBHOOK_ALLOW_PRIVATE: false, WEBHOOK_PORTS: [], WORKER: 'inline', EVENT_RETENTION: 30 * 86_400 },
    ...{ OTEL_EXPORTER_OTLP_HEADERS: {}, OTEL_SERVICE_NAME: 'morket', OTEL_TRACES_SAMPLER_ARG: 1 },
  });
});

test('an empty variable counts as one that is not set', () => {
  expect(read({ PORT: '', LOG_LEVEL: '  ', CORS_ORIGIN: '' })).toEqual(read({}));
});

test('durations, lists and key rings are read', () => {
  const env = read({
    JWT_ACCESS_EXPIRY: '900',
    JWT_REFRESH_EXPIRY: '12h',
    CORS_ORIGIN: 'https://app.example.com, http://localhost:5173',
    TRUST_PROXY: '10.0.0.0/8,::1',
    ENCRYPTION_MASTER_KEY: `1:${KEY},3:${KEY}`,
  });
  expect(env.JWT_ACCESS_EXPIRY).toBe(900);
  expect(env.JWT_REFRESH_EXPIRY).toBe(43_200);
  expect(env.CORS_ORIGIN).toEqual(['https://app.example.com', 'http://localhost:5173']);
  expect(env.TRUST_PROXY).toEqual(['10.0.0.0/8', '::1']);
  expect(env.ENCRYPTION_MASTER_KEY?.current).toBe(3);
});

test('headers for a receiver of traces, and brokers of Kafka, are read', () => {
  const env = read({
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20YTpi,x-team=crm',
    KAFKA_BROKERS: 'one.kafka:9092, [::1]:9093',
  });
  expect(env.OTEL_EXPORTER_OTLP_HEADERS).toEqual({ authorization: 'Basic YTpi', 'x-team': 'crm' });
  expect(env.KAFKA_BROKERS).toEqual(['one.kafka:9092', '[::1]:9093']);
});

describe('payments', () => {
  const key = { STRIPE_SECRET_KEY: 'sk_test_0123456789' };
  const secret = { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789,whsec_9876543210' };

  test('a key of Stripe comes with the secrets of its callbacks', () => {
    expect(read({ ...key, ...secret })).toMatchObject({
      STRIPE_WEBHOOK_SECRET: ['whsec_0123456789', 'whsec_9876543210'],
    });
    expect(problemsOf(key)).toEqual(['STRIPE_WEBHOOK_SECRET: is required with STRIPE_SECRET_KEY']);
    expect(problemsOf({ PAYMENT_GATEWAY: 'stripe' })).toEqual([
      'STRIPE_SECRET_KEY: is required for PAYMENT_GATEWAY=stripe',
      'STRIPE_WEBHOOK_SECRET: is required with STRIPE_SECRET_KEY',
    ]);
  });

  test('what is no key is refused without being repeated', () => {
    const problems = problemsOf({ STRIPE_SECRET_KEY: 'pk_live_of_the_wrong_kind', CREDIT_CURRENCY: 'Dollar' });
    expect(problems.map((line) => line.split(':', 1)[0]).sort()).toEqual(['CREDIT_CURRENCY', 'STRIPE_SECRET_KEY']);
    expect(problems.join()).not.toContain('wrong_kind');
  });
});

describe('in production', () => {
  test('secrets and strong hashing are enough', () => {
    expect(read(PRODUCTION).NODE_ENV).toBe('production');
  });

  test.each(['JWT_SECRET', 'ENCRYPTION_MASTER_KEY'])('%s is never made up', (name) => {
    expect(problemsOf({ ...PRODUCTION, [name]: ' ' })).toEqual([`${name}: is required in production`]);
  });

  test('pretended money is refused', () => {
    const problems = problemsOf({ ...PRODUCTION, PAYMENT_GATEWAY: 'simulated' });
    expect(problems).toEqual(['PAYMENT_GATEWAY: production cannot pay with a simulated provider']);
  });

  test('a cheap hash is refused', () => {
    expect(problemsOf({ ...PRODUCTION, BCRYPT_ROUNDS: '9' })).toEqual([
      'BCRYPT_ROUNDS: must be at least 10 in production',
    ]);
    expect(problemsOf({ ...PRODUCTION, BCRYPT_ROUNDS: '10' })).toEqual([]);
  });
});

test('webhooks stay on the public internet unless the operator says otherwise', () => {
  expect(parseEnv({})).toMatchObject({ WEBHOOK_ALLOW_PRIVATE: false, WEBHOOK_PORTS: [] });
  expect(parseEnv({ WEBHOOK_ALLOW_PRIVATE: 'true', WEBHOOK_PORTS: '4443, 9443' })).toMatchObject({
    ...{ WEBHOOK_ALLOW_PRIVATE: true, WEBHOOK_PORTS: [4443, 9443] },
  });
  expect(parseEnv({ WEBHOOK_ALLOW_PRIVATE: 'yes', WEBHOOK_PORTS: 'https' })).toMatchObject({
    problems: [expect.stringContaining('WEBHOOK_ALLOW_PRIVATE'), expect.stringContaining('WEBHOOK_PORTS')],
  });
});
