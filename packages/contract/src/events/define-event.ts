import type { z } from 'zod';

/** Something that happened, as the outbox keeps it. */
export type DomainEvent = {
  readonly name: string;
  readonly version: number;
  readonly aggregate: { readonly type: string; readonly id: string };
  readonly payload: Readonly<Record<string, unknown>>;
};

type Description<Payload extends z.ZodObject> = {
  /** Rises when a payload changes in a way that breaks its readers; fields that are added do not. */
  readonly version: number;
  /** What it happened to; its events keep their order. */
  readonly aggregateType: string;
  readonly payload: Payload;
  /** One sentence for the event reference: what happened, and when it is told. */
  readonly summary: string;
  /** A payload as it may really come, for the event reference. */
  readonly example: z.input<Payload>;
};

/** One event as the catalogue knows it. */
export type EventDefinition<Name extends string = string, Payload extends z.ZodObject = z.ZodObject> = {
  readonly eventName: Name;
} & Description<Payload>;

/** A definition that makes events: called with the id of the aggregate and the payload. */
type EventMaker<Name extends string, Payload extends z.ZodObject> = EventDefinition<Name, Payload> &
  ((aggregateId: string, payload: z.input<Payload>) => DomainEvent);

/** Defines one event. The payload is parsed when the event is made, so a field nobody declared is never published. */
export function defineEvent<const Name extends string, Payload extends z.ZodObject>(
  eventName: Name,
  description: Description<Payload>,
): EventMaker<Name, Payload> {
  const { version, aggregateType, payload } = description;
  const make = (aggregateId: string, given: z.input<Payload>): DomainEvent => ({
    name: eventName,
    version,
    aggregate: { type: aggregateType, id: aggregateId },
    payload: payload.parse(given),
  });
  return Object.assign(make, { eventName, ...description });
}
