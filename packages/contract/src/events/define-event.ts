import type { z } from 'zod';

/** Something that happened, as the outbox keeps it. */
export type DomainEvent = {
  readonly name: string;
  readonly version: number;
  readonly aggregate: { readonly type: string; readonly id: string };
  readonly payload: Readonly<Record<string, unknown>>;
};

export type EventDefinition<Payload extends z.ZodObject = z.ZodObject> = {
  (aggregateId: string, payload: z.input<Payload>): DomainEvent;
  readonly eventName: string;
  readonly version: number;
  readonly aggregateType: string;
  readonly payload: Payload;
};

/** Defines one event. The payload is parsed when the event is made, so a field nobody declared is never published. */
export function defineEvent<Payload extends z.ZodObject>(
  eventName: string,
  definition: { readonly version: number; readonly aggregateType: string; readonly payload: Payload },
): EventDefinition<Payload> {
  const { version, aggregateType, payload } = definition;
  const make = (aggregateId: string, given: z.input<Payload>): DomainEvent => ({
    name: eventName,
    version,
    aggregate: { type: aggregateType, id: aggregateId },
    payload: payload.parse(given),
  });
  return Object.assign(make, { eventName, version, aggregateType, payload });
}
