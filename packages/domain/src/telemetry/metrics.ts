/** Upper bounds in seconds. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
const BATCH_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] as const;
const JOB_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900] as const;

/**
 * Every metric there is, so that its labels are fixed in one place. The values of a label come from a list of ours (procedures, consumers,
 * kinds of jobs, outcomes), never from a caller: no ids, no paths, no addresses.
 */
export const METRICS = {
  morket_http_request_seconds: {
    ...{ kind: 'histogram', help: 'Time to answer a request', labels: ['procedure', 'status'] },
    buckets: REQUEST_SECONDS,
  },
  morket_relay_events_total: { kind: 'counter', help: 'Events the relay published', labels: [] },
  morket_relay_failures_total: { kind: 'counter', help: 'Batches the relay could not publish', labels: [] },
  morket_relay_parked_total: { kind: 'counter', help: 'Events the relay gave up', labels: [] },
  morket_relay_batch_seconds: {
    ...{ kind: 'histogram', help: 'Time to publish one batch', labels: [], buckets: BATCH_SECONDS },
  },
  morket_consumer_events_total: {
    ...{ kind: 'counter', help: 'Events handed to consumers', labels: ['consumer', 'outcome'] },
  },
  morket_consumer_seconds: {
    ...{ kind: 'histogram', help: 'Time a consumer took for one batch of events', labels: ['consumer'] },
    buckets: BATCH_SECONDS,
  },
  morket_jobs_total: { kind: 'counter', help: 'Jobs that ended', labels: ['kind', 'outcome'] },
  morket_job_seconds: {
    ...{ kind: 'histogram', help: 'Time a job ran', labels: ['kind'], buckets: JOB_SECONDS },
  },
  morket_webhook_deliveries_total: {
    ...{ kind: 'counter', help: 'Attempts to deliver a webhook', labels: ['outcome'] },
  },
  morket_webhook_delivery_seconds: {
    ...{ kind: 'histogram', help: 'Time of one attempt to deliver a webhook', labels: ['outcome'] },
    buckets: REQUEST_SECONDS,
  },
  morket_realtime_messages_total: { kind: 'counter', help: 'Messages sent to open streams', labels: ['kind'] },

  morket_realtime_streams: { kind: 'gauge', help: 'Streams that are open', labels: [] },
  morket_db_connections: {
    kind: 'gauge',
    help: 'Connections of this process to PostgreSQL',
    labels: ['pool', 'state'],
  },
  morket_ledger_queue: { kind: 'gauge', help: 'Commands that wait for the next batch of the ledger', labels: [] },
  morket_ledger_batches_total: { kind: 'counter', help: 'Batches the ledger committed', labels: [] },
  morket_ledger_commands_total: { kind: 'counter', help: 'Commands in the batches of the ledger', labels: [] },
  morket_outbox_lag_seconds: { kind: 'gauge', help: 'Age of the oldest event that waits to be published', labels: [] },
  morket_outbox_waiting: { kind: 'gauge', help: 'Events that wait to be published', labels: [] },
  morket_outbox_parked: { kind: 'gauge', help: 'Events that are not tried any more', labels: [] },
  morket_dead_letters: { kind: 'gauge', help: 'Events a consumer could not take', labels: ['consumer'] },
  morket_jobs_waiting: { kind: 'gauge', help: 'Jobs by kind and state', labels: ['kind', 'state'] },
} as const satisfies Readonly<Record<string, Metric>>;

export type Metric = {
  readonly kind: 'counter' | 'histogram' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
};

type Metrics = typeof METRICS;
type NamesOf<Kind extends Metric['kind']> = {
  [Name in keyof Metrics]: Metrics[Name]['kind'] extends Kind ? Name : never;
}[keyof Metrics];

export type CounterName = NamesOf<'counter'>;
export type HistogramName = NamesOf<'histogram'>;
export type GaugeName = NamesOf<'gauge'>;
/** A value for each label of a metric; none for a metric without labels. */
export type LabelsOf<Name extends keyof Metrics> = {
  readonly [Label in Metrics[Name]['labels'][number]]: string | number;
};
