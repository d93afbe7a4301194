export { bearsToken } from './metrics-access.ts';
export { type MetricsServer, startMetricsServer } from './metrics-server.ts';
export { NO_TELEMETRY } from './no-telemetry.ts';
export type { Attributes } from './spans.ts';
export { type RunningTelemetry, startTelemetry } from './start-telemetry.ts';
export type { Reading, Span, Telemetry } from './telemetry.port.ts';
export { observeConnections, tracedDb } from './traced-db.ts';
export { parseTraceparent } from './traceparent.ts';
