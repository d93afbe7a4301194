import { z } from 'zod';
import { defineEvent } from '../events/index.ts';
import { WebhookDisabledReason } from './webhook.schema.ts';

const onEndpoint = { version: 1, aggregateType: 'webhook_endpoint' } as const;
const ORIGIN = 'https://hooks.example.com';

/** Of the address only the origin is told: the path may hold a token. */
const settings = z.object({
  origin: z.string(),
  events: z.array(z.string()),
  thin: z.boolean(),
  ordered: z.boolean(),
});

export const WebhookEndpointCreated = defineEvent('webhook.endpoint_created', {
  ...onEndpoint,
  payload: settings,
  summary: 'Somebody set up an endpoint that events are delivered to.',
  example: { origin: ORIGIN, events: ['billing.*'], thin: false, ordered: false },
});
export const WebhookEndpointUpdated = defineEvent('webhook.endpoint_updated', {
  ...onEndpoint,
  payload: settings,
  summary: 'Somebody changed where or how an endpoint gets its events.',
  example: { origin: ORIGIN, events: ['*'], thin: true, ordered: false },
});
export const WebhookEndpointDeleted = defineEvent('webhook.endpoint_deleted', {
  ...onEndpoint,
  payload: z.object({ origin: z.string() }),
  summary: 'Somebody deleted an endpoint; what it had not got yet is not delivered any more.',
  example: { origin: ORIGIN },
});
export const WebhookEndpointEnabled = defineEvent('webhook.endpoint_enabled', {
  ...onEndpoint,
  payload: z.object({ origin: z.string() }),
  summary: 'Somebody switched an endpoint on again.',
  example: { origin: ORIGIN },
});
export const WebhookEndpointDisabled = defineEvent('webhook.endpoint_disabled', {
  ...onEndpoint,
  payload: z.object({ origin: z.string(), reason: WebhookDisabledReason, failingSince: z.string().nullable() }),
  summary:
    'An endpoint was switched off: by somebody, by its receiver (410), or after days in which nothing got through.',
  example: { origin: ORIGIN, reason: 'failing', failingSince: '2026-11-16T08:00:00.000Z' },
});
export const WebhookSecretRotated = defineEvent('webhook.secret_rotated', {
  ...onEndpoint,
  payload: z.object({ previousSecretUntil: z.string().nullable() }),
  summary: 'Somebody gave an endpoint a new signing secret; until the time named the old one signs as well.',
  example: { previousSecretUntil: '2026-11-22T08:00:00.000Z' },
});
/** What `webhook.endpoints.test` delivers. */
export const WebhookTest = defineEvent('webhook.test', {
  ...onEndpoint,
  payload: z.object({ message: z.string() }),
  summary: 'Somebody asked for a test delivery to this endpoint.',
  example: { message: 'This is a test.' },
});
export const WebhookDeliveriesReplayed = defineEvent('webhook.deliveries_replayed', {
  ...onEndpoint,
  payload: z.object({
    count: z.int(),
    deliveryId: z.string().nullable(),
    from: z.string().nullable(),
    to: z.string().nullable(),
  }),
  summary: 'Somebody had deliveries sent again.',
  example: { count: 12, deliveryId: null, from: '2026-11-01T00:00:00.000Z', to: '2026-11-02T00:00:00.000Z' },
});
