import { EVENTS } from '@morket/contract/catalogue';
import type { EventDefinition } from '@morket/contract/events';
import { isDeliverable, WebhookTest } from '@morket/contract/webhook';
import type { JsonSchema } from '../json-schema.ts';
import type { Components } from './components.ts';
import type { Parameter } from './request.ts';

/** One event as a receiver gets it: a request that it answers. */
export type WebhookItem = { readonly post: Readonly<Record<string, unknown>> };

const EXAMPLE_ID = '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40';

const header = (name: string, description: string, example: string): Parameter => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
  example,
});

const PARAMETERS: readonly Parameter[] = [
  header('webhook-id', 'The id of the event: the same on every attempt, so that repeats can be told.', EXAMPLE_ID),
  header('webhook-timestamp', 'When this attempt was signed, in seconds since 1970.', '1795255200'),
  header(
    'webhook-signature',
    'Standard Webhooks 1.0: `v1,` and the HMAC-SHA-256 of id, timestamp and body, in base64; two of them while a secret is being replaced.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
];

const RESPONSES = {
  '2XX': { description: 'The receiver has it; nothing more is sent.' },
  '410': { description: 'The receiver wants nothing any more: the endpoint is switched off.' },
  '4XX': {
    description: 'It is sent again by the schedule; 429 with `Retry-After` is waited for. Redirects are not followed.',
  },
  '5XX': { description: 'It is sent again by the schedule.' },
} as const;

const string = (more: JsonSchema = {}): JsonSchema => ({ type: 'string', ...more });

function bodyOf({ eventName, version, aggregateType, payload }: EventDefinition, components: Components): JsonSchema {
  const aggregate: JsonSchema = {
    type: 'object',
    properties: { type: { type: 'string', const: aggregateType }, id: string() },
    required: ['type', 'id'],
  };
  const data: JsonSchema = {
    type: 'object',
    properties: {
      workspaceId: string({ format: 'uuid' }),
      aggregate,
      version: { type: 'integer', const: version },
      sequence: { type: 'integer', description: 'Rises with the events of one thing.' },
      payload: {
        anyOf: [components.inlineOf(payload, 'output'), { type: 'null' }],
        description: 'Null at a thin endpoint, and where the body would exceed 20 kB.',
      },
    },
    required: ['workspaceId', 'aggregate', 'version', 'sequence', 'payload'],
  };
  return {
    type: 'object',
    properties: { type: { type: 'string', const: eventName }, timestamp: string({ format: 'date-time' }), data },
    required: ['type', 'timestamp', 'data'],
  };
}

function itemOf(event: EventDefinition, components: Components): WebhookItem {
  const { eventName, version, aggregateType, summary, example } = event;
  const data = {
    ...{ workspaceId: EXAMPLE_ID, aggregate: { type: aggregateType, id: EXAMPLE_ID } },
    ...{ version, sequence: 1042, payload: example },
  };
  const told = { type: eventName, timestamp: '2026-11-21T10:00:00.000Z', data };
  const content = { 'application/json': { schema: bodyOf(event, components), example: told } };
  return {
    post: {
      operationId: `${eventName}.delivered`,
      summary,
      tags: [eventName.split('.')[0] ?? ''],
      security: [],
      parameters: PARAMETERS,
      requestBody: { required: true, content },
      responses: RESPONSES,
    },
  };
}

/** The requests that webhook endpoints get, by the name of the event. */
export function webhooksOf(components: Components): Readonly<Record<string, WebhookItem>> {
  const events: readonly EventDefinition[] = EVENTS;
  const delivered = events.filter(({ eventName }) => isDeliverable(eventName) || eventName === WebhookTest.eventName);
  return Object.fromEntries(delivered.map((event) => [event.eventName, itemOf(event, components)]));
}
