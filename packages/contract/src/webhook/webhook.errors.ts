import { z } from 'zod';
import { defineError } from '../errors/index.ts';

export const WebhookEndpointNotFound = defineError('webhook.endpoint_not_found', {
  kind: 'notFound',
  details: z.object({}),
  message: 'There is no such webhook endpoint.',
  remedy: 'List the webhook endpoints of the workspace.',
});

export const WebhookDeliveryNotFound = defineError('webhook.delivery_not_found', {
  kind: 'notFound',
  details: z.object({}),
  message: 'There is no such webhook delivery.',
  remedy: 'List the deliveries; they are kept for 30 days.',
});

export const UnsafeWebhookUrl = defineError('webhook.unsafe_url', {
  kind: 'validation',
  details: z.object({ reason: z.enum(['scheme', 'port', 'userinfo', 'host', 'address', 'malformed']) }),
  message: ({ reason }) => `Deliveries cannot go to this URL: its ${reason} is not allowed.`,
  remedy: 'Use an https URL with a public host name, on port 443 or 8443, without user name or password.',
});

export const UnknownWebhookEvents = defineError('webhook.unknown_events', {
  kind: 'validation',
  details: z.object({ unknown: z.array(z.string()) }),
  message: ({ unknown }) => `No such events: ${unknown.join(', ')}.`,
  remedy: 'Take the names from the event reference, a whole domain like billing.*, or *.',
});

export const WebhookEndpointIsDisabled = defineError('webhook.endpoint_is_disabled', {
  kind: 'precondition',
  details: z.object({}),
  message: 'This webhook endpoint is disabled.',
  remedy: 'Enable it first.',
});

export const WebhookDeliveryUnderWay = defineError('webhook.delivery_under_way', {
  kind: 'conflict',
  details: z.object({}),
  message: 'This delivery is being sent right now.',
  remedy: 'Look at its outcome in a few seconds.',
});
