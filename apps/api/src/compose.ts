import { Unavailable } from '@morket/contract/errors';
import { createDb } from '@morket/db';
import { createAccessService, createAccessTokens } from '@morket/domain/access';
import { createApiKeyService } from '@morket/domain/api-key';
import { createAuditService, createAuditVerifier } from '@morket/domain/audit';
import { createAuthService, createSessionService } from '@morket/domain/auth';
import { createCredentialService } from '@morket/domain/credential';
import { createDeadLetterService } from '@morket/domain/events';
import { createFormService, createSubmissionService } from '@morket/domain/form';
import { createJobService } from '@morket/domain/job';
import { createNotificationService } from '@morket/domain/notification';
import { createPasswords } from '@morket/domain/passwords';
import type { PaymentGateway } from '@morket/domain/payment';
import { createPlanService } from '@morket/domain/plan';
import { createPostgresStore, createRateLimiter, createRedisStore, ipSubject } from '@morket/domain/rate-limit';
import { createRealtimeService } from '@morket/domain/realtime';
import { NO_TELEMETRY, observeConnections, type RunningTelemetry, tracedDb } from '@morket/domain/telemetry';
import { createWebhookDeliveryService, createWebhookEndpointService } from '@morket/domain/webhook';
import {
  createInvitationService,
  createMemberService,
  createWorkspaceService,
  lockRoster,
} from '@morket/domain/workspace';
import type { Services } from '@morket/rpc';
import type { Logger } from 'pino';
import { composeBilling } from './compose-billing.ts';
import type { FormReceiver } from './form-hook.ts';
import { ratePoliciesOf } from './rate-policies.ts';
import type { Configuration } from './runtime/configuration.ts';
import { observedStreams } from './stream-telemetry.ts';
import { webhookPolicyOf } from './webhook-policy.ts';

const READINESS_TIMEOUT_MS = 1_000;

/** Constructs everything the process serves with: the only place that does. `close` ends what it opened, in order. */
export function compose(
  configuration: Configuration,
  options: {
    readonly databaseUrl: string;
    readonly log: Logger;
    readonly telemetry?: RunningTelemetry;
    /** In place of the payment provider that the environment names. */
    readonly gateway?: PaymentGateway;
    /** Handed on to `createDb`; a process in service has none. */
    readonly wrapAdapter?: Parameters<typeof createDb>[0]['wrapAdapter'];
  },
) {
  const { env, paths, jwtSecret, ring } = configuration;
  const { databaseUrl, log, wrapAdapter } = options;
  const { telemetry = NO_TELEMETRY } = options.telemetry ?? {};
  const opened = createDb({
    url: databaseUrl,
    onPoolError: (err) => log.warn({ err }, 'database connection lost'),
    ...(wrapAdapter && { wrapAdapter }),
  });
  const db = tracedDb(opened, telemetry);
  observeConnections(db, telemetry);
  const redis = env.REDIS_URL === undefined ? null : createRedisStore(env.REDIS_URL);
  const policies = ratePoliciesOf(env);
  const limiter = createRateLimiter({
    store: redis ?? createPostgresStore(db),
    secret: jwtSecret,
    onStoreFailure: (err) => log.error({ err }, 'the rate limit store is out of reach'),
  });
  const passwords = createPasswords({ rounds: env.BCRYPT_ROUNDS });
  const tokens = createAccessTokens({ jwtSecret, lifetimeSeconds: env.JWT_ACCESS_EXPIRY });
  const access = createAccessService({
    ...{ db, tokens },
    onFailure: (err) => log.warn({ err }, 'the use of an API key could not be noted'),
  });
  const sessions = createSessionService({
    db,
    tokens,
    jwtSecret,
    lifetimes: { idleSeconds: env.JWT_REFRESH_EXPIRY, absoluteSeconds: env.SESSION_ABSOLUTE_EXPIRY },
    limiter,
    sessionPolicy: policies.session,
  });
  const submissions = createSubmissionService({ db });
  const billing = composeBilling({ db, env, jwtSecret, log, telemetry, gateway: options.gateway });
  if (env.NODE_ENV === 'production' && env.SMTP_URL === undefined) {
    log.warn(
      { directory: paths.mail },
      'no mail server is set (SMTP_URL): mail is written to files, hand it over yourself',
    );
  }
  let draining = false;

  const services: Services = {
    access,
    limits: {
      chargeAddress: async (policy, ip) => {
        if (policy !== 'none') await limiter.charge(policies[policy], ipSubject(ip));
      },
      chargePrincipal: (policy, principalId) => limiter.charge(policies[policy], principalId),
      chargeWorkspace: (workspaceId) => limiter.charge(policies.workspace, workspaceId),
    },
    health: {
      ready: async () => {
        if (draining) throw Unavailable({ retryAfterSeconds: 5 });
        await db.ping(READINESS_TIMEOUT_MS).catch((err: unknown) => {
          throw Unavailable({ retryAfterSeconds: 1 }, err);
        });
      },
    },
    auth: createAuthService({ db, passwords, sessions }),
    sessions,
    workspaces: createWorkspaceService({ db, billing: billing.services.billing, sessions }),
    members: createMemberService({ db }),
    invitations: createInvitationService({ db }),
    apiKeys: createApiKeyService({ db }),
    credentials: createCredentialService({ db, ring }),
    ...billing.services,
    plans: createPlanService({ db, lockRoster }),
    audit: createAuditService({ db }),
    auditVerifier: createAuditVerifier({ db }),
    realtime: observedStreams(
      createRealtimeService({
        ...{ db, retentionSeconds: env.EVENT_RETENTION },
        onFailure: (err) => log.warn({ err }, 'the outbox could not be read for the streams'),
      }),
      telemetry,
    ),
    jobs: createJobService({ db }),
    deadLetters: createDeadLetterService({ db }),
    notifications: createNotificationService({ db }),
    forms: createFormService({ db }),
    submissions,
    webhookEndpoints: createWebhookEndpointService({ db, ring, policy: webhookPolicyOf(env) }),
    webhookDeliveries: createWebhookDeliveryService({ db }),
  };

  async function close(): Promise<void> {
    services.realtime.end();
    await billing.drain();
    await access.drain();
    await passwords.close();
    await redis?.close();
    await db.close();
  }

  return {
    db,
    /** Handed on, for the server and the worker. */
    ...(options.telemetry && { telemetry: options.telemetry }),
    services,
    ledger: billing.ledger,
    recharger: billing.recharger,
    formReceiver: {
      receive: async (post, origin) => {
        // Before anything is looked up: an unknown key is counted as a known one is.
        await limiter.charge(policies.formAddress, ipSubject(origin.ip));
        await limiter.charge(policies.form, post.formKey);
        return submissions.receive(post, origin);
      },
    } satisfies FormReceiver,
    ledgerAudit: billing.services.ledgerAudit,
    billingSweeps: billing.sweeps,
    /** From now on readiness is refused; what is under way goes on. */
    drain: () => {
      draining = true;
    },
    close,
  };
}

export type Composition = ReturnType<typeof compose>;
