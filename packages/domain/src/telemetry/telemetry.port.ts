import type { CounterName, GaugeName, HistogramName, LabelsOf } from './metrics.ts';
import type { Attributes, SpanName } from './spans.ts';

/** One value of a gauge for one set of labels. */
export type Reading<Name extends GaugeName = GaugeName> = { readonly value: number; readonly labels: LabelsOf<Name> };

/** One piece of work in a trace. */
export type Span = {
  /** W3C trace context of this span, to hand on: into the outbox, a job, the header of a webhook. Undefined where traces are off. */
  readonly traceparent: string | undefined;
  set(attributes: Attributes): void;
};

/**
 * Where metrics and traces go. The default goes nowhere and costs a call; what is measured for every request is not even asked while
 * `isOn` is false.
 */
export type Telemetry = {
  /** Whether anybody collects. Guard with it what takes work to measure, such as labels made for each request. */
  readonly isOn: boolean;
  /** Adds `by`, 1 unless said otherwise, to a counter. */
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  observe<Name extends HistogramName>(name: Name, seconds: number, labels: LabelsOf<Name>): void;
  /** How a gauge is read when somebody asks. Several readers of one gauge add up; one that fails or takes seconds is left out that time. */
  gauge<Name extends GaugeName>(
    name: Name,
    read: () => readonly Reading<Name>[] | Promise<readonly Reading<Name>[]>,
  ): void;
  /**
   * Runs `work` as a span below `parent`, a W3C traceparent; without one, below the span that this code runs in, and outside of any as a
   * trace of its own. Gives what `work` gives; a failure marks the span and goes on.
   */
  span<T>(name: SpanName, parent: string | null | undefined, work: (span: Span) => Promise<T>): Promise<T>;
};
