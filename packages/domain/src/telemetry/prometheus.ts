import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type Metric } from './metrics.ts';
import type { Telemetry } from './telemetry.port.ts';

/** A reader that asks the database must not hold up the numbers of the process. */
const READ_TIMEOUT_MS = 2_000;

export type Exposition = { readonly contentType: string; readonly text: string };
type Values = Readonly<Record<string, string | number>>;
/** As the port has it, for a gauge of any name. */
type AnyReading = { readonly value: number; readonly labels: Values };
type Read = () => readonly AnyReading[] | Promise<readonly AnyReading[]>;

async function readInTime(read: Read): Promise<readonly AnyReading[]> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('reading a gauge took too long')), READ_TIMEOUT_MS);
  try {
    return await Promise.race([read(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Metrics of this process in a registry of its own, with those of Node beside ours. Only imported where somebody scrapes. */
export function createPrometheus(options: { readonly onReadFailure: (err: unknown, name: string) => void }) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  const readers = new Map<string, Read[]>();

  function register(name: string, metric: Metric): void {
    const common = { name, help: metric.help, labelNames: [...metric.labels], registers: [registry] };
    switch (metric.kind) {
      case 'counter':
        counters.set(name, new Counter(common));
        return;
      case 'histogram':
        histograms.set(name, new Histogram({ ...common, ...(metric.buckets && { buckets: [...metric.buckets] }) }));
        return;
      case 'gauge': {
        const gauge: Gauge = new Gauge({ ...common, collect: () => refresh(name, gauge) });
      }
    }
  }

  async function refresh(name: string, gauge: Gauge): Promise<void> {
    const readings = await Promise.allSettled((readers.get(name) ?? []).map(readInTime));
    gauge.reset();
    // A gauge nobody reads in this process says nothing, rather than 0.
    gauge.remove({});
    for (const reading of readings) {
      if (reading.status === 'rejected') options.onReadFailure(reading.reason, name);
      else for (const { labels, value } of reading.value) gauge.inc(labels, value);
    }
  }

  for (const [name, metric] of Object.entries(METRICS)) register(name, metric);

  const port: Pick<Telemetry, 'count' | 'observe' | 'gauge'> = {
    count: (name, labels, by = 1) => counters.get(name)?.inc(labels as Values, by),
    observe: (name, seconds, labels) => histograms.get(name)?.observe(labels as Values, seconds),
    // Labels are texts and numbers under every name.
    gauge: (name, read) => void readers.set(name, [...(readers.get(name) ?? []), read as Read]),
  };
  return {
    ...port,
    /** The metrics as Prometheus reads them. */
    expose: async (): Promise<Exposition> => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
