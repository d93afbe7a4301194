import type { KafkaSettings } from '@morket/domain/kafka';
import type { Env } from './env.ts';

/** How to reach Kafka; null where no brokers are set, and events stay within the process. */
export function kafkaSettingsOf(env: Env): KafkaSettings | null {
  if (env.KAFKA_BROKERS.length === 0) return null;
  const { KAFKA_USERNAME: username, KAFKA_PASSWORD: password, KAFKA_SASL_MECHANISM: mechanism } = env;
  return {
    brokers: env.KAFKA_BROKERS,
    topicPrefix: env.KAFKA_TOPIC_PREFIX,
    groupId: env.KAFKA_GROUP_ID,
    partitions: env.KAFKA_PARTITIONS,
    tls: env.KAFKA_TLS,
    credentials: username !== undefined && password !== undefined ? { mechanism, username, password } : null,
  };
}
