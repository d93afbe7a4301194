import type { Page, PageInput } from '@morket/contract/primitives';
import type {
  CreateWebhookEndpointInput,
  ListWebhookDeliveriesInput,
  ReplayWebhookDeliveriesInput,
  RotateWebhookSecretInput,
  UpdateWebhookEndpointInput,
  WebhookDelivery,
  WebhookDeliveryDetails,
  WebhookDeliveryInput,
  WebhookEndpoint,
  WebhookEndpointInput,
  WebhookEndpointWithSecret,
  WebhookReplay,
} from '@morket/contract/webhook';
import type { WorkspaceScope } from '@morket/domain/access';

export type WebhookEndpointPort = {
  create(scope: WorkspaceScope, input: CreateWebhookEndpointInput): Promise<WebhookEndpointWithSecret>;
  get(scope: WorkspaceScope, input: WebhookEndpointInput): Promise<WebhookEndpoint>;
  list(scope: WorkspaceScope, input: PageInput): Promise<Page<WebhookEndpoint>>;
  update(scope: WorkspaceScope, input: UpdateWebhookEndpointInput): Promise<WebhookEndpoint>;
  delete(scope: WorkspaceScope, input: WebhookEndpointInput): Promise<null>;
  enable(scope: WorkspaceScope, input: WebhookEndpointInput): Promise<WebhookEndpoint>;
  disable(scope: WorkspaceScope, input: WebhookEndpointInput): Promise<WebhookEndpoint>;
  rotateSecret(scope: WorkspaceScope, input: RotateWebhookSecretInput): Promise<WebhookEndpointWithSecret>;
};

export type WebhookDeliveryPort = {
  list(scope: WorkspaceScope, input: ListWebhookDeliveriesInput): Promise<Page<WebhookDelivery>>;
  get(scope: WorkspaceScope, input: WebhookDeliveryInput): Promise<WebhookDeliveryDetails>;
  replay(scope: WorkspaceScope, input: WebhookDeliveryInput): Promise<WebhookDelivery>;
  replayRange(scope: WorkspaceScope, input: ReplayWebhookDeliveriesInput): Promise<WebhookReplay>;
  test(scope: WorkspaceScope, input: WebhookEndpointInput): Promise<WebhookDelivery>;
};
