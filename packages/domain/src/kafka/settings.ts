/** How to reach a cluster, and under which names. */
export type KafkaSettings = {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** Topics are `<prefix>.<aggregate type>`. */
  readonly topicPrefix: string;
  /** The consumer group: those who share it share the events. */
  readonly groupId: string;
  /** Partitions of topics that have to be made. */
  readonly partitions: number;
  readonly tls: boolean;
  readonly credentials: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
    readonly username: string;
    readonly password: string;
  } | null;
};

/** A dead connection is found out about, and the relay's own limit of 4.5 s is never reached. */
const CONNECT_TIMEOUT_MS = 1_500;
const REQUEST_TIMEOUT_MS = 2_500;

/** What every client of the library gets. */
export const clientOptions = ({ brokers, tls, credentials }: KafkaSettings, clientId: string) => ({
  clientId,
  bootstrapBrokers: [...brokers],
  connectTimeout: CONNECT_TIMEOUT_MS,
  timeout: REQUEST_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  ...(tls && { tls: {} }),
  ...(credentials && { sasl: credentials }),
});
