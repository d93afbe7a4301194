import { Liveness, Readiness } from '@morket/contract/health';
import { publicProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

export const healthRouter = t.router({
  live: publicProcedure('none')
    .meta({ rest: { method: 'GET', path: '/health' }, summary: 'Whether the process is alive' })
    .output(Liveness)
    .query(() => ({ status: 'ok' as const })),
  ready: publicProcedure('none')
    .meta({ rest: { method: 'GET', path: '/health/ready' }, summary: 'Whether the process should get traffic' })
    .output(Readiness)
    .query(async ({ ctx }) => {
      await ctx.services.health.ready();
      return { status: 'ready' as const };
    }),
});
