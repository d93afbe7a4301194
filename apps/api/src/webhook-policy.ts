import type { TargetPolicy } from '@morket/domain/safe-fetch';
import type { Env } from './env.ts';

/** Where the operator lets webhooks go. */
export const webhookPolicyOf = (env: Pick<Env, 'WEBHOOK_ALLOW_PRIVATE' | 'WEBHOOK_PORTS'>): TargetPolicy => ({
  allowPrivate: env.WEBHOOK_ALLOW_PRIVATE,
  ports: env.WEBHOOK_PORTS,
});
