import { LIMITS, PLANS, type PlanLimit, planHas } from '@morket/contract/plan';
import { type ProcedureInfo, procedures } from '@morket/rpc';
import { aMember, aTenant, type Tenant, unique, useWorld } from '@morket/testing';
import { type Answer, call, TRANSPORTS, type Transport } from '@morket/testing/http';
import type { InputSchema } from '@morket/testing/sample';
import { validInput } from '@morket/testing/valid-input';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

/** What procedures declare about plans holds, whoever wrote them: expectations come from the manifest and the plans alone. */

const world = useWorld();
const inWorkspace = procedures().flatMap((procedure) =>
  procedure.access.kind === 'workspace' ? [{ procedure, ...procedure.access }] : [],
);
const featured = inWorkspace.flatMap(({ procedure, feature }) => (feature ? [{ procedure, feature }] : []));
const limited = inWorkspace.flatMap(({ procedure, limit }) => (limit ? [{ procedure, limit }] : []));

const schemasOf = ({ inputs }: ProcedureInfo) =>
  inputs.map((input) => z.toJSONSchema(input, { io: 'input' }) as InputSchema); // the part of JSON Schema zod writes

async function ask(transport: Transport, procedure: ProcedureInfo, tenant: Tenant): Promise<Answer> {
  const input = await validInput({ world, tenant, caller: tenant.owner }, procedure, schemasOf(procedure));
  return call(world, transport, procedure, input, { token: tenant.owner.accessToken });
}

/** How each thing that is limited is made when it is not through a procedure: `count` rows at once. */
const FILL: Readonly<Record<PlanLimit, (tenant: Tenant, count: number) => Promise<unknown>>> = {
  members: ({ id, owner }, count) => world.db.read.$executeRaw`
    insert into invitations (id, workspace_id, email, role, token_hash, invited_by, expires_at)
    select gen_random_uuid(), ${id}::uuid, gen_random_uuid() || '@example.com', 'viewer', sha256(gen_random_uuid()::text::bytea),
           ${owner.user.id}::uuid, now() + interval '1 day' from generate_series(1, ${count - 1}::int)`,
  apiKeys: ({ id, owner }, count) => world.db.read.$executeRaw`
    insert into api_keys (id, workspace_id, name, scopes, key_hash, key_prefix, last4, created_by)
    select gen_random_uuid(), ${id}::uuid, 'x', '{workspace:read}', sha256(gen_random_uuid()::text::bytea), 'x', 'x', ${owner.user.id}::uuid
      from generate_series(1, ${count}::int)`,
  webhookEndpoints: async ({ scope }, count) => {
    const one = () =>
      world.services.webhookEndpoints.create(scope, { url: `https://example.com/${unique()}`, events: ['*'] });
    for (let made = 0; made < count; made += 1) await one();
  },
  forms: ({ id, owner }, count) => world.db.read.$executeRaw`
    insert into forms (workspace_id, id, name, key_hash, key_prefix, allowed_origins, fields, created_by)
    select ${id}::uuid, gen_random_uuid(), 'x', sha256(gen_random_uuid()::text::bytea), 'x', '{}', '[]', ${owner.user.id}::uuid
      from generate_series(1, ${count}::int)`,
};

const named = <Item extends { procedure: ProcedureInfo }>(items: readonly Item[]) =>
  TRANSPORTS.flatMap((transport) => items.map((item) => [transport, item.procedure.path, item] as const));

test('something is limited, and every limit by something', () => {
  expect([...new Set(limited.map(({ limit }) => limit))].sort()).toEqual([...LIMITS].sort());
  expect(featured.map(({ feature }) => feature)).toContain('audit.export');
});

describe('a feature that the plan does not include', () => {
  test.each(named(featured.filter(({ feature }) => !planHas('free', feature))))(
    'over %s: %s answers 402, and says which plan does',
    async (transport, _, { procedure, feature }) => {
      const tenant = await aTenant(world);
      const input = { workspaceId: tenant.id, format: 'csv' };
      const options = { token: tenant.owner.accessToken };
      const refused = await call(world, transport, procedure, input, options);
      expect(refused).toMatchObject({ status: 402, code: 'plan.feature_required' });
      expect(refused.text).toContain(`"feature":"${feature}","upgradeTo":"pro"`);
      await world.services.plans.set(tenant.scope, { planType: 'pro' });
      expect((await ask(transport, procedure, tenant)).status).toBe(200);
    },
  );

  test('is not told to whom the permission is denied, or who is no member', async () => {
    const [tenant, stranger] = [await aTenant(world), await aTenant(world)];
    const viewer = await aMember(world, tenant, 'viewer');
    for (const { procedure, feature } of featured.filter((one) => !planHas('free', one.feature)))
      for (const token of [viewer.accessToken, stranger.owner.accessToken]) {
        const answer = await call(world, 'trpc', procedure, { workspaceId: tenant.id }, { token });
        expect(answer, feature).toMatchObject({ status: 403, code: 'access.forbidden' });
      }
  });
});

describe('a limit that is reached', () => {
  test.each(named(limited))(
    'over %s: %s answers 402, and one before it does not',
    async (transport, _, { procedure, limit }) => {
      const allowed = PLANS.free.limits[limit] ?? 0;
      const tenant = await aTenant(world);
      await FILL[limit](tenant, allowed - 1);
      expect((await ask(transport, procedure, tenant)).status).toBeLessThan(300);
      const refused = await ask(transport, procedure, tenant);
      expect(refused).toMatchObject({ status: 402, code: 'plan.limit_reached' });
      expect(refused.text).toContain(
        `"plan":"free","limit":"${limit}","used":${allowed},"allowed":${allowed},"upgradeTo":"pro"`,
      );
      // Reading on is no growth.
      const plan = await call(
        world,
        transport,
        theOne('plan.get'),
        { workspaceId: tenant.id },
        { token: tenant.owner.accessToken },
      );
      expect(plan.text).toContain(`{"limit":"${limit}","used":${allowed},"allowed":${allowed}}`);
    },
  );

  test.each(limited.map((item) => [item.procedure.path, item] as const))(
    'lets one of twenty through who come for the last place at once: %s',
    async (_, { procedure, limit }) => {
      const tenant = await aTenant(world);
      await FILL[limit](tenant, (PLANS.free.limits[limit] ?? 0) - 1);
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask('trpc', procedure, tenant)));
      const statuses = Map.groupBy(answers, ({ status }) => status);
      expect([...statuses].map(([status, list]) => [status, list.length]).sort()).toEqual([
        [200, 1],
        [402, 19],
      ]);
    },
  );
});

const theOne = (path: string): ProcedureInfo => {
  const found = procedures().find((procedure) => procedure.path === path);
  if (!found) throw new Error(`there is no procedure ${path}`);
  return found;
};
