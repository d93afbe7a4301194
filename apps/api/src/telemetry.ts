import {
  type MetricsServer,
  type RunningTelemetry,
  startMetricsServer,
  startTelemetry,
} from '@morket/domain/telemetry';
import type { Logger } from 'pino';
import type { Env } from './env.ts';
import { isTaken, PortTaken } from './runtime/listen.ts';

/** Starts what the environment asks for: metrics where somebody may fetch them, traces where somebody takes them. */
export function telemetryOf(env: Env, log: Logger): Promise<RunningTelemetry> {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return startTelemetry({
    metrics: env.METRICS_PORT !== undefined || env.METRICS_TOKEN !== undefined,
    traces:
      endpoint === undefined
        ? null
        : {
            ...{ endpoint, headers: env.OTEL_EXPORTER_OTLP_HEADERS, serviceName: env.OTEL_SERVICE_NAME },
            ratio: env.OTEL_TRACES_SAMPLER_ARG,
            onFailure: (err) => log.warn({ err }, 'spans were lost on their way'),
          },
    onReadFailure: (err, metric) => log.warn({ err, metric }, 'a metric could not be read'),
  });
}

/** Opens the port for metrics, where one is set; null where they stand on the main port, or nowhere. Throws `PortTaken`. */
export async function metricsServerOf(
  env: Env,
  { expose }: RunningTelemetry,
  log: Logger,
): Promise<MetricsServer | null> {
  if (!expose || env.METRICS_PORT === undefined) return null;
  const port = env.METRICS_PORT;
  return startMetricsServer({
    ...{ port, host: env.METRICS_HOST, token: env.METRICS_TOKEN, expose },
    onFailure: (err) => log.error({ err }, 'the metrics could not be written'),
  }).catch((err: unknown) => {
    throw isTaken(err) ? new PortTaken(port, 'METRICS_PORT') : err;
  });
}
