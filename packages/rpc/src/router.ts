import { apiKeyRouter } from './routers/api-key.router.ts';
import { auditRouter } from './routers/audit.router.ts';
import { authRouter } from './routers/auth.router.ts';
import { billingRouter } from './routers/billing.router.ts';
import { credentialRouter } from './routers/credential.router.ts';
import { eventRouter } from './routers/event.router.ts';
import { formRouter } from './routers/form.router.ts';
import { healthRouter } from './routers/health.router.ts';
import { jobRouter } from './routers/job.router.ts';
import { notificationRouter } from './routers/notification.router.ts';
import { planRouter } from './routers/plan.router.ts';
import { realtimeRouter } from './routers/realtime.router.ts';
import { webhookRouter } from './routers/webhook.router.ts';
import { workspaceRouter } from './routers/workspace.router.ts';
import { t } from './trpc.ts';

/** The only definition of the API: client, CLI, REST and OpenAPI are derived from it. */
export const appRouter = t.router({
  auth: authRouter,
  workspace: workspaceRouter,
  apiKey: apiKeyRouter,
  credential: credentialRouter,
  billing: billingRouter,
  plan: planRouter,
  audit: auditRouter,
  events: eventRouter,
  form: formRouter,
  jobs: jobRouter,
  notification: notificationRouter,
  realtime: realtimeRouter,
  webhook: webhookRouter,
  health: healthRouter,
});

export type AppRouter = typeof appRouter;
