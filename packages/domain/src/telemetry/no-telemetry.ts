import type { Span, Telemetry } from './telemetry.port.ts';

const NOTHING = () => undefined;
const NO_SPAN: Span = { traceparent: undefined, set: NOTHING };

/** Nobody collects: the default. One value for all, so that it costs neither memory nor time. */
export const NO_TELEMETRY: Telemetry = {
  isOn: false,
  count: NOTHING,
  observe: NOTHING,
  gauge: NOTHING,
  span: (_name, _parent, work) => work(NO_SPAN),
};
