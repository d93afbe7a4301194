import type { Configuration } from '@morket/api/configuration';
import type { Db } from '@morket/db';
import { type Consumer, createDispatcher, createRelay, createRetries, type EventObserver } from '@morket/domain/events';
import { formReader } from '@morket/domain/form';
import { notifier } from '@morket/domain/notification';
import { NO_TELEMETRY, type Telemetry } from '@morket/domain/telemetry';
import type { Logger } from 'pino';
import { auditLoops } from './audit.ts';
import { jobsLoop, runDueJobs } from './jobs.ts';
import type { Loop } from './loop.ts';
import { notificationMailLoop } from './notification-mail.ts';
import { outboxLoop } from './outbox.ts';
import { observedBy, observedTransport, tracedConsumer } from './telemetry.ts';
import { composeTransport } from './transport.ts';
import { composeWebhooks, type Webhooks } from './webhooks.ts';

/** What the parts of the worker are made of. */
export type WorkerDeps = {
  readonly db: Db;
  /** For connections that are not Prisma's. */
  readonly databaseUrl: string;
  readonly log: Logger;
  readonly configuration: Configuration;
  /** Where it is measured; nowhere unless said otherwise. */
  readonly telemetry?: Telemetry;
};

/** What follows from events. */
const consumersOf = (_deps: WorkerDeps, webhooks: Webhooks): readonly Consumer[] => [
  formReader,
  notifier,
  webhooks.consumer,
];

/** What else goes on by itself. */
const loopsOf = (deps: WorkerDeps, webhooks: Webhooks): readonly Loop[] => [
  outboxLoop(deps),
  jobsLoop(deps),
  notificationMailLoop(deps),
  webhooks.loop,
  ...auditLoops(deps),
];

/** The parts that a test brings along in place of the product's own. */
export type WorkerOptions = WorkerDeps & {
  readonly consumers?: readonly Consumer[];
  readonly loops?: readonly Loop[];
  /** Hears what becomes of events. */
  readonly observer?: Partial<EventObserver>;
  /** The database through which the same process writes events: its commits wake the worker, instead of the next poll. */
  readonly commits?: Pick<Db, 'onCommit'>;
  /** Pauses before each further try of a consumer. */
  readonly retryDelaysMs?: readonly number[];
};

type Started = { readonly name: string; stop(): Promise<unknown> };

/** Constructs the worker: the only place that does. */
export function composeWorker(options: WorkerOptions) {
  const { db, log, commits, retryDelaysMs, telemetry = NO_TELEMETRY } = options;
  const observer = observedBy(telemetry, options.observer);
  const webhooks = composeWebhooks(options);
  const { loops = loopsOf(options, webhooks) } = options;
  const consumers = (options.consumers ?? consumersOf(options, webhooks)).map((one) => tracedConsumer(one, telemetry));
  const dispatcher = createDispatcher({ db, consumers, log, observer, retryDelaysMs });
  const delivery = composeTransport(options, dispatcher.deliver);
  const transport = observedTransport(delivery.transport, telemetry);
  const relay = createRelay({ db, transport, log, observer });
  const retries = createRetries({ db, consumers, log, observer, retryDelaysMs });
  // The relay goes first and ends last: what other loops still write is delivered.
  const all: readonly Loop[] = [
    { name: 'relay', start: relay.start },
    ...delivery.loops,
    { name: 'retries', start: retries.start },
    ...loops,
  ];
  const started: Started[] = [];
  let stopListening: () => void = () => undefined;

  function start(): void {
    for (const { name, start: begin } of all) started.push({ name, stop: begin().stop });
    stopListening = commits?.onCommit(wake) ?? stopListening;
  }

  function wake(): void {
    relay.wake();
    retries.wake();
  }

  /** Resolves when nothing is under way any more; the database is the caller's to close. */
  async function stop(): Promise<void> {
    stopListening();
    const end = ({ name, stop: stopOne }: Started) =>
      stopOne().catch((err: unknown) => log.error({ err }, `stopping ${name} failed`));
    const [relayed, ...others] = started.splice(0);
    // Side by side: each may take seconds to come to an end, and all of them together have fewer than their sum.
    await Promise.all(others.map(end));
    if (relayed) await end(relayed);
    await transport.close();
  }

  /** Delivers all that waits, and what follows from it, without a loop. */
  async function drain(): Promise<void> {
    for (let published = -1; published !== 0; ) {
      published = await relay.drain();
      await retries.drain();
    }
  }

  return { consumers, start, stop, drain, runJobs: () => runDueJobs(options) };
}

export type Worker = ReturnType<typeof composeWorker>;
