/** A process that does nothing but send webhooks, for tests that kill it. */
import { createDb } from '@morket/db';
import { createSafeFetch } from '@morket/domain/safe-fetch';
import { parseKeyRing } from '@morket/domain/secrets';
import { createWebhookDispatcher } from '@morket/domain/webhook';

const { DATABASE_URL: url = '', ENCRYPTION_MASTER_KEY: key = '' } = process.env;
createWebhookDispatcher({
  db: createDb({ url }),
  ring: parseKeyRing(key),
  fetch: createSafeFetch({ policy: { allowPrivate: true, ports: [] } }),
  limits: { pollMs: 20 },
  onError: (err) => console.error(err),
}).start();
