import { webhookPolicyOf } from '@morket/api/webhook-policy';
import type { Consumer } from '@morket/domain/events';
import { createSafeFetch } from '@morket/domain/safe-fetch';
import { NO_TELEMETRY } from '@morket/domain/telemetry';
import { createWebhookDispatcher, webhooksConsumer } from '@morket/domain/webhook';
import type { WorkerDeps } from './compose.ts';
import type { Loop } from './loop.ts';
import { observedFetch } from './telemetry.ts';

export type Webhooks = { readonly consumer: Consumer; readonly loop: Loop };

/** Makes deliveries of events, and sends them. */
export function composeWebhooks({ db, log, configuration, telemetry = NO_TELEMETRY }: WorkerDeps): Webhooks {
  const { env, ring } = configuration;
  const fetch = observedFetch(createSafeFetch({ policy: webhookPolicyOf(env) }), telemetry);
  const onError = (err: unknown, doing: string) => log.error({ err }, `webhooks: ${doing} failed`);
  const dispatcher = createWebhookDispatcher({ db, ring, fetch, onError });
  const start = () => {
    const { stop } = dispatcher.start();
    return { stop: () => stop().finally(fetch.close) };
  };
  return { consumer: webhooksConsumer(dispatcher.wakeSoon), loop: { name: dispatcher.name, start } };
}
