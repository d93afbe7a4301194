import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { SPANS, type SpanName } from './spans.ts';
import type { Span, Telemetry } from './telemetry.port.ts';
import { parseTraceparent, toTraceparent } from './traceparent.ts';

const MAX_ATTRIBUTE_LENGTH = 200;
const EXPORT_TIMEOUT_MS = 5_000;

export type TracesOptions = {
  /** Base address of the receiver; spans go to `<endpoint>/v1/traces`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Of the traces that begin here, which part is recorded: 0 to 1. Those that others began are recorded where they say so. */
  readonly ratio: number;
  readonly flushIntervalMs?: number;
  /** Spans that could not be handed over are lost. */
  readonly onFailure: (err: unknown) => void;
};

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

function kindOf(name: SpanName): SpanKind {
  const [kind = ''] = name.split(' ', 1);
  return KINDS[SPANS[kind as keyof typeof SPANS]]; // the type of the name begins with one of them
}

/** What went wrong in a word of ours; messages may quote what people typed. */
const failureName = (err: unknown): string => {
  const code = typeof err === 'object' && err !== null && 'code' in err ? err.code : undefined;
  if (typeof code === 'string') return code;
  return err instanceof Error ? err.name : 'unknown';
};

function reporting(exporter: SpanExporter, onFailure: TracesOptions['onFailure']): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error) onFailure(result.error);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** Spans by OpenTelemetry, sent by OTLP over HTTP. It sets nothing global. Only imported where there is a receiver. */
export function createTraces(options: TracesOptions) {
  const { endpoint, headers, serviceName, ratio, flushIntervalMs = 2_000, onFailure } = options;
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
    spanProcessors: [
      new BatchSpanProcessor({ exporter: reporting(exporter, onFailure), scheduledDelayMillis: flushIntervalMs }),
    ],
  });
  const tracer = provider.getTracer('morket');
  /** The span that code runs in: for traces alone, what it does never depends on it. */
  const current = new AsyncLocalStorage<Context>();

  function contextBelow(parent: string | null | undefined): Context {
    const place = parseTraceparent(parent);
    if (!place) return current.getStore() ?? ROOT_CONTEXT;
    const { traceId, spanId, isSampled } = place;
    const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  }

  function portOf(span: OtelSpan): Span {
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      traceparent: toTraceparent({ traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0 }),
      set: (attributes) => void span.setAttributes(attributes),
    };
  }

  const span: Telemetry['span'] = async (name, parent, work) => {
    const above = contextBelow(parent);
    const started = tracer.startSpan(name, { kind: kindOf(name) }, above);
    const context = trace.setSpan(above, started);
    try {
      return await current.run(context, () => work(portOf(started)));
    } catch (err) {
      started.setAttribute('error.type', failureName(err));
      started.setStatus({ code: SpanStatusCode.ERROR });
      throw err;
    } finally {
      started.end();
    }
  };

  return {
    span,
    /** Hands over what is left; what the receiver does not take was told already. */
    close: () => provider.shutdown().catch(() => undefined),
  };
}
