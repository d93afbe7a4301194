import type { SetAutoRechargeInput } from '@morket/contract/billing';
import type { ChargeOutcome, ChargeRequest, PaymentGateway } from '@morket/domain/payment';
import { createSimulatedGateway } from '@morket/domain/payment';
import { aTenant, type Tenant, type World } from '@morket/testing';
import { expect, vi } from 'vitest';
import { entriesOf } from './outcomes.ts';

/** Waits for what happens without anybody asking. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 8_000, interval: 20 });

type Fault = (request: ChargeRequest, next: () => Promise<ChargeOutcome>) => Promise<ChargeOutcome>;

/** The simulated gateway with faults in its way to single workspaces, and a record of what it was asked. */
export function createFaultyGateway() {
  const simulated = createSimulatedGateway({
    callbackSecrets: ['a secret of the test'],
    actionUrlOf: (chargeRef) => `https://pay.example/${chargeRef}`,
  });
  const faults = new Map<string, Fault>();
  const asked: ChargeRequest[] = [];
  const voided: string[] = [];
  const gateway: PaymentGateway = {
    ...simulated,
    charge(request, signal) {
      asked.push(request);
      const next = () => simulated.charge(request, signal);
      return faults.get(request.workspaceId)?.(request, next) ?? next();
    },
    cancel(chargeRef) {
      voided.push(chargeRef);
      return simulated.cancel(chargeRef);
    },
  };
  return {
    gateway,
    simulated,
    /** From now on charges of this tenant meet it. */
    fault: ({ id }: Tenant, fault: Fault | null) => (fault ? faults.set(id, fault) : faults.delete(id)),
    /** How often the gateway was asked to charge this tenant. */
    askedFor: ({ id }: Tenant) => asked.filter(({ workspaceId }) => workspaceId === id),
    wasVoided: (chargeRef: string) => voided.includes(chargeRef),
  };
}

export type Rule = Partial<SetAutoRechargeInput>;
const RULE = { enabled: true, threshold: 50, amount: 100 };

/** What the tests of automatic recharge do in a world. */
export function createRechargeLab(world: World) {
  const { db, services } = world;

  const list = async ({ scope }: Tenant) => (await services.recharges.list(scope, { page: 1, limit: 50 })).items;
  const states = async (tenant: Tenant) => (await list(tenant)).map(({ state }) => state).toReversed();

  return {
    list,
    /** The states of the recharges, oldest first. */
    states,
    /** A tenant with credits, a card and a rule: a recharge of 100 below 50, unless said otherwise. */
    async aRecharged(given: { readonly credits?: number; readonly token?: string; readonly rule?: Rule } = {}) {
      const { credits = 100, token = 'sim_success', rule } = given;
      const tenant = await aTenant(world, { credits });
      await services.recharges.setMethod(tenant.scope, { token });
      await services.recharges.setRule(tenant.scope, { ...RULE, ...rule });
      return tenant;
    },
    setRule: ({ scope }: Tenant, rule: Rule = {}) => services.recharges.setRule(scope, { ...RULE, ...rule }),
    spend: ({ scope }: Tenant, amount: number) => services.billing.debit(scope, { amount, description: 'run' }),
    balance: async ({ scope }: Tenant) => (await services.billing.get(scope)).creditBalance,
    /** Resolves when the recharges came to these states, oldest first. */
    reached: (tenant: Tenant, wanted: readonly string[]) =>
      eventually(async () => expect(await states(tenant)).toEqual(wanted)),
    /** The credits that recharges brought. */
    bought: async (tenant: Tenant) =>
      (await entriesOf(world, tenant))
        .filter(({ type }) => type === 'auto_recharge')
        .map(({ amount }) => Number(amount)),
    eventsOf: async ({ id }: Tenant, name: string) => {
      const rows = await db.read.outboxEvent.findMany({ where: { workspaceId: id, name }, orderBy: { seq: 'asc' } });
      return rows.map(({ payload }) => payload);
    },
    /** The latest recharge as it is stored. */
    row: ({ id }: Tenant) =>
      db.read.creditRecharge.findFirst({
        where: { workspaceId: id },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      }),
    /** Resolves when the open recharge is put off: whoever asked has got no answer, and is to ask again within half a minute. */
    putOff: ({ id }: Tenant) =>
      eventually(async () => {
        const leasedUntil = { gt: new Date(), lt: new Date(Date.now() + 30_000) };
        expect(await db.read.creditRecharge.count({ where: { workspaceId: id, state: 'open', leasedUntil } })).toBe(1);
      }),
    /** Lets whoever works on the recharge of this tenant be overdue. */
    endLease: ({ id }: Tenant) =>
      db.read.$executeRaw`
        update credit_recharges set leased_until = clock_timestamp() - interval '1 second'
         where workspace_id = ${id}::uuid and state in ('open', 'action_required')`,
    /** The attempts so far, and the rests that came of them, are so many minutes older. */
    pass: async ({ id }: Tenant, minutes: number) => {
      await db.read.$executeRaw`
        update credit_recharges
           set attempted_at = array(select t - make_interval(mins => ${minutes}::int) from unnest(attempted_at) t),
               settled_at = settled_at - make_interval(mins => ${minutes}::int)
         where workspace_id = ${id}::uuid`;
      await db.read.$executeRaw`
        update billing_accounts set recharge_rests_until = recharge_rests_until - make_interval(mins => ${minutes}::int)
         where workspace_id = ${id}::uuid and recharge_rests_until < '9000-01-01'`;
    },
    /** The log lines about this tenant since they were taken last. */
    logsOf: ({ id }: Tenant, message: string) =>
      world.takeLogs().filter((line) => line.workspaceId === id && line.msg === message),
  };
}
