/** The place of a span in a trace, as it is handed on between processes. */
export type TracePlace = { readonly traceId: string; readonly spanId: string; readonly isSampled: boolean };

const SHAPE = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
/** Version 00 has these characters and no more; only later ones may go on. */
const LENGTH = 55;
const MAX_LENGTH = 512;
const NONE = /^0+$/;

/** Reads a `traceparent` (W3C Trace Context, level 1); null for one that is missing or malformed, which is to be ignored. */
export function parseTraceparent(value: string | null | undefined): TracePlace | null {
  if (value === null || value === undefined || value.length > MAX_LENGTH) return null;
  const [, version, traceId, spanId, flags] = SHAPE.exec(value) ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return null;
  if (version === 'ff' || (version === '00' && value.length !== LENGTH)) return null;
  if (NONE.test(traceId) || NONE.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a `traceparent` of version 00. */
export const toTraceparent = ({ traceId, spanId, isSampled }: TracePlace): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
