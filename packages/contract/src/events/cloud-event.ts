import { z } from 'zod';
import type { StoredEvent } from './stored-event.ts';

/** 2^63 − 1 has as many digits: padded, numbers compare as text. */
const SEQUENCE_DIGITS = 19;
const PLATFORM = 'urn:morket:platform';
const WORKSPACE = 'urn:morket:workspace:';
const SCHEMA = 'urn:morket:event:';

/** Attributes of CloudEvents, and of its extensions, are words of letters and digits without capitals. */
const Attribute = z.string().min(1).max(500);

/**
 * CloudEvents 1.0 (github.com/cloudevents/spec, v1.0.2) with its extensions `partitionkey`, `sequence` and `traceparent`, and our own. An
 * attribute without a value is left out.
 */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  /** The workspace it happened in, or the platform. */
  source: Attribute.regex(/^urn:morket:(?:platform|workspace:[\da-f-]{36})$/),
  type: Attribute,
  /** What it happened to: `<aggregate type>/<aggregate id>`. */
  subject: Attribute,
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  dataschema: Attribute.regex(/^urn:morket:event:[a-z_.]+:\d+$/),
  partitionkey: Attribute,
  /** Rises with the events of one subject, as text of equal length. */
  sequence: z.string().regex(/^\d{19}$/),
  actorid: z.uuid().optional(),
  impersonatorid: z.uuid().optional(),
  apikeyid: z.uuid().optional(),
  requestid: z.uuid().optional(),
  causationid: z.uuid().optional(),
  traceparent: Attribute.optional(),
  data: z.record(z.string(), z.unknown()),
});
export type CloudEvent = z.infer<typeof CloudEvent>;

/** The CloudEvents type: the name, and from version 2 on the version with it, because a payload that breaks its readers is another type. */
export const cloudEventType = ({ name, version }: Pick<StoredEvent, 'name' | 'version'>): string =>
  version === 1 ? name : `${name}.v${version}`;

/** Tells an event in the shape of CloudEvents 1.0. */
export function toCloudEvent(event: StoredEvent): CloudEvent {
  const { aggregate, actorId, impersonatorId, apiKeyId, requestId, causationId, traceparent } = event;
  return {
    specversion: '1.0',
    id: event.id,
    source: event.workspaceId === null ? PLATFORM : `${WORKSPACE}${event.workspaceId}`,
    type: cloudEventType(event),
    subject: `${aggregate.type}/${aggregate.id}`,
    time: event.createdAt.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `${SCHEMA}${event.name}:${event.version}`,
    partitionkey: aggregate.id,
    sequence: String(event.seq).padStart(SEQUENCE_DIGITS, '0'),
    ...(actorId !== null && { actorid: actorId }),
    ...(impersonatorId !== null && { impersonatorid: impersonatorId }),
    ...(apiKeyId !== null && { apikeyid: apiKeyId }),
    ...(requestId !== null && { requestid: requestId }),
    ...(causationId !== null && { causationid: causationId }),
    ...(traceparent !== null && { traceparent }),
    data: { ...event.payload },
  };
}

/** The event behind what `toCloudEvent` made; throws for anything else. */
export function fromCloudEvent(given: unknown): StoredEvent {
  const told = CloudEvent.parse(given);
  const [name = '', version = ''] = told.dataschema.slice(SCHEMA.length).split(':');
  return {
    id: told.id,
    seq: BigInt(told.sequence),
    workspaceId: told.source === PLATFORM ? null : told.source.slice(WORKSPACE.length),
    name,
    version: Number(version),
    aggregate: { type: told.subject.slice(0, told.subject.indexOf('/')), id: told.partitionkey },
    payload: told.data,
    actorId: told.actorid ?? null,
    impersonatorId: told.impersonatorid ?? null,
    apiKeyId: told.apikeyid ?? null,
    requestId: told.requestid ?? null,
    traceparent: told.traceparent ?? null,
    causationId: told.causationid ?? null,
    createdAt: new Date(told.time),
  };
}
