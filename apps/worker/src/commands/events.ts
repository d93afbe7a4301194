import { type CommandSession, runCommand, UsageError } from '@morket/api/command-session';
import { createLogger } from '@morket/api/logger';
import { migrate } from '@morket/db/migrations';
import {
  type Consumer,
  type ConsumerLag,
  readConsumerLag,
  readLag,
  readPartitionLag,
  releaseParked,
  replayConsumer,
  retryConsumer,
} from '@morket/domain/events';
import { composeWorker } from '../compose.ts';

const USAGE = `npm run events -- <command>

  status                            what waits for delivery, what is parked, what consumers could not take
  replay <consumer> --since <ISO>   have a consumer handle again what was published since then; workers do it, in order
  retry <consumer>                  have a consumer take up again everything it gave up
  release [aggregate]               try again to publish what is parked in the outbox: all of it, or of one aggregate`;

const print = (line: string) => void process.stdout.write(`${line}\n`);
const seconds = (value: number) => `${value.toFixed(1)} s`;

function consumersOf({ configuration, databaseUrl, db }: CommandSession): readonly Consumer[] {
  return composeWorker({ db, databaseUrl, configuration, log: createLogger({ LOG_LEVEL: 'warn' }) }).consumers;
}

function consumerOf(session: CommandSession, name: string | undefined): Consumer {
  const consumers = consumersOf(session);
  const found = consumers.find((consumer) => consumer.name === name);
  if (found) return found;
  const known = consumers.map((consumer) => consumer.name).join(', ');
  throw new UsageError(`There is no consumer ${name ?? 'without a name'}. There are: ${known}.`);
}

async function status(session: CommandSession): Promise<void> {
  const { read } = session.db;
  const [lag, partitions, queues] = await Promise.all([readLag(read), readPartitionLag(read), readConsumerLag(read)]);
  print(`${lag.waiting} events wait, the oldest for ${seconds(lag.oldestSeconds)}; ${lag.parked} are parked.`);
  for (const { partition, waiting, parked, oldestSeconds } of partitions) {
    const place = `  partition ${String(partition).padStart(2)}`;
    print(`${place}  ${waiting} waiting, ${parked} parked, the oldest for ${seconds(oldestSeconds)}`);
  }
  const sum = (of: (queue: ConsumerLag) => number) => queues.reduce((total, queue) => total + of(queue), 0);
  const deadLetters = sum((queue) => queue.deadLetters);
  print(`${deadLetters} dead letters; ${sum(({ queued }) => queued)} more events in the queues of consumers.`);
  for (const { name } of consumersOf(session)) {
    const queue = queues.find(({ consumer }) => consumer === name);
    print(`  ${name.padEnd(24)} ${queue?.deadLetters ?? 0} dead letters, ${queue?.queued ?? 0} queued`);
  }
}

async function replay(session: CommandSession, args: readonly string[]): Promise<void> {
  const [name, flag, instant = ''] = args;
  const since = new Date(instant);
  if (args.length !== 3 || flag !== '--since' || Number.isNaN(since.getTime())) throw new UsageError(USAGE);
  const consumer = consumerOf(session, name);
  const events = await replayConsumer(session.db, consumer, { since });
  print(`${events} events since ${since.toISOString()} are in the queue of ${consumer.name}. Workers take them up.`);
}

async function retry(session: CommandSession, [name]: readonly string[]): Promise<void> {
  const consumer = consumerOf(session, name);
  print(`${await retryConsumer(session.db, consumer.name)} dead letters of ${consumer.name} are taken up again.`);
}

async function release(session: CommandSession, [aggregateId]: readonly string[]): Promise<void> {
  print(`${await releaseParked(session.db, aggregateId ?? null)} events wait for delivery again.`);
}

const COMMANDS = { status, replay, retry, release } as const;
const isCommand = (name: string): name is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, name);

await runCommand(async (session) => {
  const [name = '', ...args] = process.argv.slice(2);
  if (!isCommand(name)) throw new UsageError(USAGE);
  await migrate({ databaseUrl: session.databaseUrl });
  await COMMANDS[name](session, args);
});
