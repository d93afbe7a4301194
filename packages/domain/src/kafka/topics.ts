import { within } from '../events/index.ts';
import { kafkaFailure } from './failure.ts';
import { clientOptions, type KafkaSettings } from './settings.ts';

const TIMEOUT_MS = 10_000;
const ALREADY_THERE = 'TOPIC_ALREADY_EXISTS';
/** As many as the brokers think right. */
const DEFAULT_REPLICAS = -1;

const isThereAlready = (err: unknown): boolean =>
  err instanceof Error &&
  'findBy' in err &&
  typeof err.findBy === 'function' &&
  err.findBy('apiId', ALREADY_THERE) !== null;

/** Makes the topics that are missing, with the cluster's own number of replicas; throws `KafkaUnavailable`. */
export async function ensureTopics(settings: KafkaSettings, topics: readonly string[]): Promise<void> {
  const { Admin } = await import('@platformatic/kafka');
  const admin = new Admin({ ...clientOptions(settings, 'morket-topics'), retries: 1 });
  const create = async (topic: string) => {
    await admin
      .createTopics({ topics: [topic], partitions: settings.partitions, replicas: DEFAULT_REPLICAS })
      .catch((err: unknown) => {
        if (!isThereAlready(err)) throw err;
      });
  };
  try {
    const known = new Set(await within(TIMEOUT_MS, admin.listTopics()));
    for (const topic of topics) if (!known.has(topic)) await within(TIMEOUT_MS, create(topic));
  } catch (err) {
    throw kafkaFailure(err);
  } finally {
    await admin.close().catch(() => undefined);
  }
}
