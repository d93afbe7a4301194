import { Plan, SetPlanInput } from '@morket/contract/plan';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const PLAN = '/workspaces/{workspaceId}/plan';

export const planRouter = t.router({
  get: workspaceProcedure('plan:read')
    .meta({ rest: { method: 'GET', path: PLAN }, summary: 'Plan, features, limits and what is used of them' })
    .output(Plan)
    .query(({ ctx }) => ctx.services.plans.get(ctx.scope)),
  set: workspaceProcedure('plan:manage')
    .meta({ rest: { method: 'PUT', path: PLAN }, summary: 'Change the plan' })
    .input(SetPlanInput)
    .output(Plan)
    .mutation(({ ctx, input }) => ctx.services.plans.set(ctx.scope, input)),
});
