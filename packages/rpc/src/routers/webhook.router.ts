import { FeatureRequired } from '@morket/contract/plan';
import { Done } from '@morket/contract/primitives';
import {
  CreateWebhookEndpointInput,
  ListWebhookDeliveriesInput,
  ListWebhookEndpointsInput,
  ReplayWebhookDeliveriesInput,
  RotateWebhookSecretInput,
  UnknownWebhookEvents,
  UnsafeWebhookUrl,
  UpdateWebhookEndpointInput,
  WebhookDelivery,
  WebhookDeliveryDetails,
  WebhookDeliveryInput,
  WebhookDeliveryNotFound,
  WebhookDeliveryPage,
  WebhookDeliveryUnderWay,
  WebhookEndpoint,
  WebhookEndpointInput,
  WebhookEndpointIsDisabled,
  WebhookEndpointNotFound,
  WebhookEndpointPage,
  WebhookEndpointWithSecret,
  WebhookReplay,
} from '@morket/contract/webhook';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const ENDPOINTS = '/workspaces/{workspaceId}/webhook-endpoints';
const DELIVERIES = '/workspaces/{workspaceId}/webhook-deliveries';

const endpointsRouter = t.router({
  create: workspaceProcedure('webhook:manage', { feature: 'webhooks', limit: 'webhookEndpoints' })
    .meta({
      rest: { method: 'POST', path: ENDPOINTS, status: 201 },
      summary: 'Set up an endpoint; the answer holds its signing secret, this once',
      errors: [UnsafeWebhookUrl, UnknownWebhookEvents],
    })
    .input(CreateWebhookEndpointInput)
    .output(WebhookEndpointWithSecret)
    .mutation(({ ctx, input }) => ctx.services.webhookEndpoints.create(ctx.scope, input)),
  get: workspaceProcedure('webhook:read')
    .meta({
      rest: { method: 'GET', path: `${ENDPOINTS}/{endpointId}` },
      summary: 'One webhook endpoint, and how it fares',
      errors: [WebhookEndpointNotFound],
    })
    .input(WebhookEndpointInput)
    .output(WebhookEndpoint)
    .query(({ ctx, input }) => ctx.services.webhookEndpoints.get(ctx.scope, input)),
  list: workspaceProcedure('webhook:read')
    .meta({ rest: { method: 'GET', path: ENDPOINTS }, summary: 'List webhook endpoints' })
    .input(ListWebhookEndpointsInput)
    .output(WebhookEndpointPage)
    .query(({ ctx, input }) => ctx.services.webhookEndpoints.list(ctx.scope, input)),
  update: workspaceProcedure('webhook:manage')
    .meta({
      rest: { method: 'PUT', path: `${ENDPOINTS}/{endpointId}` },
      summary: 'Change where or how an endpoint gets its events',
      errors: [WebhookEndpointNotFound, UnsafeWebhookUrl, UnknownWebhookEvents, FeatureRequired],
    })
    .input(UpdateWebhookEndpointInput)
    .output(WebhookEndpoint)
    .mutation(({ ctx, input }) => ctx.services.webhookEndpoints.update(ctx.scope, input)),
  delete: workspaceProcedure('webhook:manage')
    .meta({
      rest: { method: 'DELETE', path: `${ENDPOINTS}/{endpointId}` },
      summary: 'Delete a webhook endpoint',
      errors: [WebhookEndpointNotFound],
    })
    .input(WebhookEndpointInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.webhookEndpoints.delete(ctx.scope, input)),
  enable: workspaceProcedure('webhook:manage')
    .meta({
      rest: { method: 'POST', path: `${ENDPOINTS}/{endpointId}/enable` },
      summary: 'Switch an endpoint on again',
      errors: [WebhookEndpointNotFound],
    })
    .input(WebhookEndpointInput)
    .output(WebhookEndpoint)
    .mutation(({ ctx, input }) => ctx.services.webhookEndpoints.enable(ctx.scope, input)),
  disable: workspaceProcedure('webhook:manage')
    .meta({
      rest: { method: 'POST', path: `${ENDPOINTS}/{endpointId}/disable` },
      summary: 'Switch an endpoint off',
      errors: [WebhookEndpointNotFound],
    })
    .input(WebhookEndpointInput)
    .output(WebhookEndpoint)
    .mutation(({ ctx, input }) => ctx.services.webhookEndpoints.disable(ctx.scope, input)),
  rotateSecret: workspaceProcedure('webhook:manage')
    .meta({
      rest: { method: 'POST', path: `${ENDPOINTS}/{endpointId}/rotate-secret` },
      summary: 'A new signing secret, shown this once; the old one signs beside it for a while',
      errors: [WebhookEndpointNotFound],
    })
    .input(RotateWebhookSecretInput)
    .output(WebhookEndpointWithSecret)
    .mutation(({ ctx, input }) => ctx.services.webhookEndpoints.rotateSecret(ctx.scope, input)),
  test: workspaceProcedure('webhook:manage')
    .meta({
      rest: { method: 'POST', path: `${ENDPOINTS}/{endpointId}/test`, status: 201 },
      summary: 'Deliver a test event to this endpoint alone',
      errors: [WebhookEndpointNotFound, WebhookEndpointIsDisabled],
    })
    .input(WebhookEndpointInput)
    .output(WebhookDelivery)
    .mutation(({ ctx, input }) => ctx.services.webhookDeliveries.test(ctx.scope, input)),
});

const deliveriesRouter = t.router({
  list: workspaceProcedure('webhook:read')
    .meta({ rest: { method: 'GET', path: DELIVERIES }, summary: 'List webhook deliveries, newest first' })
    .input(ListWebhookDeliveriesInput)
    .output(WebhookDeliveryPage)
    .query(({ ctx, input }) => ctx.services.webhookDeliveries.list(ctx.scope, input)),
  get: workspaceProcedure('webhook:read')
    .meta({
      rest: { method: 'GET', path: `${DELIVERIES}/{deliveryId}` },
      summary: 'One delivery with its body and its attempts',
      errors: [WebhookDeliveryNotFound],
    })
    .input(WebhookDeliveryInput)
    .output(WebhookDeliveryDetails)
    .query(({ ctx, input }) => ctx.services.webhookDeliveries.get(ctx.scope, input)),
  replay: workspaceProcedure('webhook:manage')
    .meta({
      rest: { method: 'POST', path: `${DELIVERIES}/{deliveryId}/replay` },
      summary: 'Send one delivery again',
      errors: [WebhookDeliveryNotFound, WebhookDeliveryUnderWay, WebhookEndpointNotFound, WebhookEndpointIsDisabled],
    })
    .input(WebhookDeliveryInput)
    .output(WebhookDelivery)
    .mutation(({ ctx, input }) => ctx.services.webhookDeliveries.replay(ctx.scope, input)),
  replayRange: workspaceProcedure('webhook:manage')
    .meta({
      rest: { method: 'POST', path: `${ENDPOINTS}/{endpointId}/replay` },
      summary: 'Send again what was made for an endpoint in a span of time',
      errors: [WebhookEndpointNotFound, WebhookEndpointIsDisabled],
    })
    .input(ReplayWebhookDeliveriesInput)
    .output(WebhookReplay)
    .mutation(({ ctx, input }) => ctx.services.webhookDeliveries.replayRange(ctx.scope, input)),
});

export const webhookRouter = t.router({ endpoints: endpointsRouter, deliveries: deliveriesRouter });
