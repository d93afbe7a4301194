export { webhooksConsumer } from './consumer.ts';
export { createWebhookDeliveryService, type WebhookDeliveryService } from './delivery.service.ts';
export { createWebhookDispatcher, type DispatcherDeps, type WebhookDispatcher } from './dispatcher.ts';
export { createWebhookEndpointService, type WebhookEndpointService } from './endpoint.service.ts';
export { sweepWebhooks } from './retention.ts';
export { countWebhookSecretsByKeyVersion, rewrapWebhookSecrets } from './rewrap.ts';
