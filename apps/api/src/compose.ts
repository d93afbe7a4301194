import { Unavailable } from '@morket/contract/errors';
import { createDb } from '@morket/db';
import { createAccessService, createAccessTokens } from '@morket/domain/access';
import { createAuthService, createSessionService } from '@morket/domain/auth';
import { createCredentialService } from '@morket/domain/credential';
import { createFileMail, type MailPort } from '@morket/domain/mail';
import { createPasswords } from '@morket/domain/passwords';
import type { PaymentGateway } from '@morket/domain/payment';
import { createPostgresStore, createRateLimiter, createRedisStore, ipSubject } from '@morket/domain/rate-limit';
import { createInvitationService, createMemberService, createWorkspaceService } from '@morket/domain/workspace';
import type { Services } from '@morket/rpc';
import type { Logger } from 'pino';
import { composeBilling } from './compose-billing.ts';
import { ratePoliciesOf } from './rate-policies.ts';
import type { Configuration } from './runtime/configuration.ts';

const READINESS_TIMEOUT_MS = 1_000;

/** Mail goes out after the commit: when it fails, the change stands and the log tells. */
function logged(mail: MailPort, log: Logger): MailPort {
  return {
    send: (message) =>
      mail.send(message).catch((err: unknown) => log.error({ err }, `mail "${message.subject}" was not sent`)),
  };
}

/** Constructs everything the process serves with: the only place that does. `close` ends what it opened, in order. */
export function compose(
  configuration: Configuration,
  options: {
    readonly databaseUrl: string;
    readonly log: Logger;
    /** In place of the payment provider that the environment names. */
    readonly gateway?: PaymentGateway;
    /** Handed on to `createDb`; a process in service has none. */
    readonly wrapAdapter?: Parameters<typeof createDb>[0]['wrapAdapter'];
  },
) {
  const { env, paths, jwtSecret, ring } = configuration;
  const { databaseUrl, log, wrapAdapter } = options;
  const db = createDb({
    url: databaseUrl,
    onPoolError: (err) => log.warn({ err }, 'database connection lost'),
    ...(wrapAdapter && { wrapAdapter }),
  });
  const redis = env.REDIS_URL === undefined ? null : createRedisStore(env.REDIS_URL);
  const policies = ratePoliciesOf(env);
  const limiter = createRateLimiter({
    store: redis ?? createPostgresStore(db),
    secret: jwtSecret,
    onStoreFailure: (err) => log.error({ err }, 'the rate limit store is out of reach'),
  });
  const passwords = createPasswords({ rounds: env.BCRYPT_ROUNDS });
  const tokens = createAccessTokens({ jwtSecret, lifetimeSeconds: env.JWT_ACCESS_EXPIRY });
  const sessions = createSessionService({
    db,
    tokens,
    jwtSecret,
    lifetimes: { idleSeconds: env.JWT_REFRESH_EXPIRY, absoluteSeconds: env.SESSION_ABSOLUTE_EXPIRY },
    limiter,
    sessionPolicy: policies.session,
  });
  const billing = composeBilling({ db, env, jwtSecret, log, gateway: options.gateway });
  if (env.NODE_ENV === 'production') {
    log.warn(
      { directory: paths.mail },
      'no mail server can be set yet: invitations are written to files, hand them over yourself',
    );
  }
  let draining = false;

  const services: Services = {
    access: createAccessService({ db, tokens }),
    limits: {
      chargeAddress: async (policy, ip) => {
        if (policy !== 'none') await limiter.charge(policies[policy], ipSubject(ip));
      },
      chargeUser: (policy, userId) => limiter.charge(policies[policy], userId),
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
    invitations: createInvitationService({ db, mail: logged(createFileMail(paths.mail), log) }),
    credentials: createCredentialService({ db, ring }),
    ...billing.services,
  };

  async function close(): Promise<void> {
    await billing.drain();
    await passwords.close();
    await redis?.close();
    await db.close();
  }

  return {
    db,
    services,
    ledger: billing.ledger,
    recharger: billing.recharger,
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
