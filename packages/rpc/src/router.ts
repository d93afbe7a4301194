import { authRouter } from './routers/auth.router.ts';
import { billingRouter } from './routers/billing.router.ts';
import { credentialRouter } from './routers/credential.router.ts';
import { healthRouter } from './routers/health.router.ts';
import { workspaceRouter } from './routers/workspace.router.ts';
import { t } from './trpc.ts';

/** The only definition of the API: client, CLI, REST and OpenAPI are derived from it. */
export const appRouter = t.router({
  auth: authRouter,
  workspace: workspaceRouter,
  credential: credentialRouter,
  billing: billingRouter,
  health: healthRouter,
});

export type AppRouter = typeof appRouter;
