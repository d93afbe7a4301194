import { EventRefused, TookTooLong } from '../events/index.ts';

/** Why the cluster did not do what was asked. */
export type KafkaTrouble = 'unreachable' | 'timeout' | 'credentials' | 'refused';

/** The cluster is away, silent, or will not have us; the events are where they were, and it is tried again. */
export class KafkaUnavailable extends Error {
  readonly trouble: KafkaTrouble;
  constructor(trouble: KafkaTrouble, cause: unknown) {
    super(MESSAGES[trouble], { cause });
    this.name = 'KafkaUnavailable';
    this.trouble = trouble;
  }
}

const MESSAGES: Readonly<Record<KafkaTrouble, string>> = {
  unreachable: 'No Kafka broker can be reached.',
  timeout: 'Kafka did not answer in time.',
  credentials: 'Kafka does not accept our credentials.',
  refused: 'Kafka refused what was asked.',
};

/** Answers of a broker that are about the record, whoever sends it and whenever. */
const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);
const CREDENTIALS: ReadonlySet<string> = new Set([
  'PLT_KFK_AUTHENTICATION',
  'SASL_AUTHENTICATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
]);
const MAX_DEPTH = 8;

const field = (err: unknown, name: string): unknown =>
  typeof err === 'object' && err !== null ? (err as Readonly<Record<string, unknown>>)[name] : undefined;

/** Every code within a failure: the library wraps failures in failures. */
function codesOf(err: unknown, depth = 0): string[] {
  if (depth > MAX_DEPTH || typeof err !== 'object' || err === null) return [];
  const own = [field(err, 'code'), field(err, 'apiId')].filter((code) => typeof code === 'string');
  const inner = [
    field(err, 'cause'),
    ...(Array.isArray(field(err, 'errors')) ? (field(err, 'errors') as unknown[]) : []),
  ];
  return [...own, ...inner.flatMap((one) => codesOf(one, depth + 1))];
}

/** The failure in our words: `EventRefused` for a record that no broker will take, else `KafkaUnavailable`. */
export function kafkaFailure(err: unknown): EventRefused | KafkaUnavailable {
  if (err instanceof EventRefused || err instanceof KafkaUnavailable) return err;
  const codes = codesOf(err);
  const has = (wanted: ReadonlySet<string>) => codes.some((code) => wanted.has(code));
  if (has(TOO_LARGE)) return new EventRefused('Kafka takes no record of this size or form.', { cause: err });
  if (has(CREDENTIALS)) return new KafkaUnavailable('credentials', err);
  const isLate = err instanceof TookTooLong || has(new Set(['PLT_KFK_TIMEOUT']));
  if (isLate) return new KafkaUnavailable('timeout', err);
  if (has(new Set(['PLT_KFK_NETWORK', 'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND'])))
    return new KafkaUnavailable('unreachable', err);
  return new KafkaUnavailable('refused', err);
}
