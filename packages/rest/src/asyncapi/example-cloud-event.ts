import { type CloudEvent, type EventDefinition, toCloudEvent } from '@morket/contract/events';
import { EXAMPLE_REQUEST_ID } from '../error-example.ts';

const WORKSPACE_ID = '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40';
const EVENT_ID = '019aa2c9-7c5d-7f4a-b3a2-6b7c8d9e0f12';
const ACTOR_ID = '019aa2c3-4f1b-7a90-8d6e-1c2b3a4d5e60';

/** An event of this kind as it would be delivered; the same each time. */
export const exampleCloudEvent = ({ eventName, version, aggregateType, example }: EventDefinition): CloudEvent =>
  toCloudEvent({
    id: EVENT_ID,
    seq: 1042n,
    workspaceId: WORKSPACE_ID,
    name: eventName,
    version,
    aggregate: { type: aggregateType, id: WORKSPACE_ID },
    payload: example,
    actorId: ACTOR_ID,
    impersonatorId: null,
    apiKeyId: null,
    requestId: EXAMPLE_REQUEST_ID,
    traceparent: null,
    causationId: null,
    createdAt: new Date('2026-01-15T09:30:00.000Z'),
  });
