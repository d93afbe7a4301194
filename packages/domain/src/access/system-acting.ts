import { newId } from '../ids/index.ts';
import type { Acting } from './scope.ts';

/** Morket itself at work in a workspace: nobody's name, and the job in place of a browser's. It opens no door: services take it for their own jobs alone. */
export const systemActing = (workspaceId: string, job: string): Acting & { readonly workspaceId: string } => ({
  ...{ actorId: null, impersonatorId: null, workspaceId },
  origin: { requestId: newId(), ip: null, userAgent: job },
});
