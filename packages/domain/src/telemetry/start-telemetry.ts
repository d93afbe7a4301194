import { NO_TELEMETRY } from './no-telemetry.ts';
import type { TracesOptions } from './otlp-traces.ts';
import type { Exposition } from './prometheus.ts';
import type { Telemetry } from './telemetry.port.ts';

/** Telemetry of one process, and what its owner does with it. */
export type RunningTelemetry = {
  readonly telemetry: Telemetry;
  /** The metrics of this process as Prometheus reads them; null where metrics are off. */
  readonly expose: (() => Promise<Exposition>) | null;
  /** Hands over the spans that are left. */
  close(): Promise<void>;
};

const OFF: RunningTelemetry = { telemetry: NO_TELEMETRY, expose: null, close: async () => undefined };

/** Starts what is asked for. The libraries behind it are imported here and only then: a process without telemetry never loads them. */
export async function startTelemetry(options: {
  readonly metrics: boolean;
  readonly traces: TracesOptions | null;
  readonly onReadFailure: (err: unknown, name: string) => void;
}): Promise<RunningTelemetry> {
  const { metrics, traces, onReadFailure } = options;
  if (!metrics && !traces) return OFF;
  const collected = metrics ? (await import('./prometheus.ts')).createPrometheus({ onReadFailure }) : null;
  const traced = traces ? (await import('./otlp-traces.ts')).createTraces(traces) : null;
  return {
    telemetry: {
      isOn: true,
      count: collected?.count ?? NO_TELEMETRY.count,
      observe: collected?.observe ?? NO_TELEMETRY.observe,
      gauge: collected?.gauge ?? NO_TELEMETRY.gauge,
      span: traced?.span ?? NO_TELEMETRY.span,
    },
    expose: collected?.expose ?? null,
    close: async () => traced?.close(),
  };
}
