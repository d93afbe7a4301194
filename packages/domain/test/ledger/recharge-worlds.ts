import { createWorld, type Tenant, type World } from '@morket/testing';
import { createTestDatabase, type TestDatabase } from '@morket/testing/template-database';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { intactBooks } from './outcomes.ts';
import { createFaultyGateway, createRechargeLab } from './recharge-lab.ts';

/** Two processes on one database with one payment provider, whose callbacks reach both; for the tests of one file. */
export function useRechargeWorlds() {
  const provider = createFaultyGateway();
  const { gateway, simulated, fault } = provider;
  let database: TestDatabase;
  let worlds: readonly [World, World];
  let isHearing = true;
  let releases: (() => void)[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    const open = () => createWorld({ databaseUrl: database.url, gateway });
    worlds = await Promise.all([open(), open()]);
    for (const { recharger } of worlds) {
      simulated.onCallback(async (request) => {
        if (isHearing) await recharger?.hear(request);
      });
    }
  });
  afterEach(() => {
    isHearing = true;
    for (const release of releases) release();
    releases = [];
  });
  afterAll(async () => {
    await Promise.all(worlds.map((world) => world.close()));
    await database.drop();
  });

  const labs = new Map<World, ReturnType<typeof createRechargeLab>>();
  const lab = () => {
    const [world] = worlds;
    const known = labs.get(world) ?? createRechargeLab(world);
    labs.set(world, known);
    return known;
  };
  /** The charges that exist at the provider for this tenant. */
  const chargesOf = async (tenant: Tenant) => {
    const ids = new Set((await lab().list(tenant)).map(({ id }) => id));
    return simulated.charges().filter(({ chargeId }) => ids.has(chargeId));
  };

  return {
    ...provider,
    get world() {
      return worlds[0];
    },
    get second() {
      return worlds[1];
    },
    get lab() {
      return lab();
    },
    chargesOf,
    /** Until the end of the test callbacks get lost. */
    loseCallbacks: () => {
      isHearing = false;
    },
    /** Both processes look for work at once. */
    bothSweep: () => Promise.all(worlds.map((world) => world.sweepBilling())),
    /** One charge of 100, one credit, and nothing twice. */
    async expectOnce(tenant: Tenant): Promise<void> {
      expect(await lab().bought(tenant)).toEqual([100]);
      expect(await chargesOf(tenant)).toHaveLength(1);
      expect(await lab().eventsOf(tenant, 'billing.recharge_succeeded')).toHaveLength(1);
      await intactBooks(worlds[0], tenant);
    },
    /** Charges of this tenant wait until they are released, at the latest with the test: before the provider hears of them, or after. */
    hang(tenant: Tenant, when: 'before' | 'after') {
      const { promise, resolve: release } = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      releases.push(release);
      fault(tenant, async (_, next) => {
        const early = when === 'after' ? await next() : null;
        reached.resolve();
        await promise;
        return early ?? next();
      });
      return { reached: reached.promise, release };
    },
  };
}
