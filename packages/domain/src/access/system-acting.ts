import { newId } from '../ids/index.ts';
import type { Acting } from './scope.ts';

/** The event that made Morket act: what follows from it bears its request and its trace. */
type Cause = { readonly id: string; readonly requestId: string | null; readonly traceparent: string | null };

/** Morket itself at work in a workspace: nobody's name, and the job in place of a browser's. It opens no door: services take it for their own jobs alone. */
export const systemActing = (
  workspaceId: string,
  job: string,
  cause?: Cause,
): Acting & { readonly workspaceId: string } => ({
  ...{ actorId: null, impersonatorId: null, workspaceId },
  origin: {
    ...{ requestId: cause?.requestId ?? newId(), ip: null, userAgent: job },
    ...{ traceparent: cause?.traceparent ?? undefined, causationId: cause?.id },
  },
});
