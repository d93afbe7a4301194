import { createHash } from 'node:crypto';
import type { Db } from '@morket/db';
import {
  createBillingService,
  createHoldService,
  createLedger,
  createLedgerAudit,
  createRecharger,
  createRechargeService,
  settleOverdue,
} from '@morket/domain/billing';
import { createSimulatedGateway, createStripeGateway, type PaymentGateway } from '@morket/domain/payment';
import type { Telemetry } from '@morket/domain/telemetry';
import type { Logger } from 'pino';
import type { Env } from './env.ts';

const STRIPE_TIMEOUT_MS = 20_000;
const SIMULATED_SETTLE_MS = 500;

/** Pretended money in development, real money where a provider is set up, and none in a production without one. */
function simulatedGateway(jwtSecret: string) {
  // Signed as a provider's callbacks are; nobody else can make one up.
  const secret = createHash('sha256').update('simulated payments').update(jwtSecret).digest('hex');
  return createSimulatedGateway({ callbackSecrets: [secret], settleAfterMs: SIMULATED_SETTLE_MS });
}

function stripeGateway(env: Env): PaymentGateway {
  if (env.STRIPE_SECRET_KEY === undefined) throw new Error('The environment was checked for the key of Stripe.');
  return createStripeGateway({
    secretKey: env.STRIPE_SECRET_KEY,
    webhookSecrets: env.STRIPE_WEBHOOK_SECRET,
    timeoutMs: STRIPE_TIMEOUT_MS,
    ...(env.PAYMENT_RETURN_URL !== undefined && { returnUrl: env.PAYMENT_RETURN_URL }),
    ...(env.STRIPE_API_URL !== undefined && { apiUrl: env.STRIPE_API_URL }),
  });
}

/** The ledger and everything that stands on it. */
export function composeBilling(deps: {
  readonly db: Db;
  readonly env: Env;
  readonly jwtSecret: string;
  readonly log: Logger;
  /** In place of the one the environment asks for. */
  readonly gateway?: PaymentGateway | undefined;
  readonly telemetry: Telemetry;
}) {
  const { db, env, jwtSecret, log, telemetry } = deps;
  const currency = env.CREDIT_CURRENCY;
  const fallback = env.NODE_ENV === 'production' ? 'none' : 'simulated';
  const wanted = env.PAYMENT_GATEWAY ?? (env.STRIPE_SECRET_KEY === undefined ? fallback : 'stripe');
  const simulated = !deps.gateway && wanted === 'simulated' ? simulatedGateway(jwtSecret) : null;
  const gateway = deps.gateway ?? simulated ?? (wanted === 'stripe' ? stripeGateway(env) : null);

  const underWay = new Set<Promise<void>>();
  /** After the commit that opened it, and without anybody waiting: what fails here is taken up by the next sweep. */
  function onRecharge(workspaceId: string): void {
    if (!recharger) return;
    const work = recharger
      .work(workspaceId)
      .catch((err: unknown) => log.error({ err, workspaceId }, 'automatic recharge failed'))
      .finally(() => underWay.delete(work));
    underWay.add(work);
  }

  const onFailure = (err: unknown, workspaceId: string) =>
    log.error({ err, workspaceId }, 'the books of a workspace cannot be settled');
  const ledger = createLedger({ db, onRecharge, telemetry });
  const creditPriceMinor = env.CREDIT_PRICE_MINOR;
  const recharger = gateway ? createRecharger({ db, ledger, gateway, creditPriceMinor, currency, log }) : null;
  const stopCallbacks = simulated?.onCallback((request) => recharger?.hear(request));

  return {
    services: {
      billing: createBillingService({ db, ledger }),
      holds: createHoldService({ db, ledger }),
      recharges: createRechargeService({ db, gateway, currency, onRecharge }),
      ledgerAudit: createLedgerAudit({ db }),
    },
    ledger,
    recharger,
    /** What has to be done every few seconds, each by itself: expiries are booked, and recharges that wait worked on. */
    sweeps: [() => settleOverdue({ db, ledger, onFailure }), async () => recharger?.workOnWaiting()] as const,
    /** Resolves when nothing moves any more. */
    drain: async () => {
      stopCallbacks?.();
      await ledger.drain();
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
