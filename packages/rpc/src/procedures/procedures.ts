import type { Permission } from '@morket/contract/permissions';
import { Id } from '@morket/contract/primitives';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { invalidInput } from '../errors.ts';
import type { AddressPolicy } from '../ports/index.ts';
import { t } from '../trpc.ts';
import { mapFailures } from './failures.ts';

/** A call may come without any input when header, subdomain or session name the workspace. */
const WorkspaceBase = z.object({ workspaceId: Id.optional() }).prefault({});
const WorkspaceHeaders = z.array(Id).max(2);

/** Who calls; a call without a good token counts against its address. */
const authenticate = t.middleware(async ({ ctx, next }) => {
  const { access, limits } = ctx.services;
  const claims = await access.identify(ctx.bearer).catch(async (err: unknown) => {
    await limits.chargeAddress('anonymous', ctx.origin.ip);
    throw err;
  });
  ctx.seen.userId = claims.userId;
  await limits.chargeUser('principal', claims.userId);
  return next({ ctx: { claims } });
});

function workspaceHeadersOf(ctx: Context): readonly string[] {
  const headers = WorkspaceHeaders.safeParse(ctx.workspaceHeaders);
  if (!headers.success) throw invalidInput(headers.error);
  return headers.data;
}

/** A call anybody may make, charged to the caller's address. A test lists every one of them. */
export const publicProcedure = (policy: AddressPolicy) =>
  t.procedure
    .use(mapFailures)
    .meta({ access: { kind: 'public', policy } })
    .use(async ({ ctx, next }) => {
      await ctx.services.limits.chargeAddress(policy, ctx.origin.ip);
      return next();
    });

/**
 * A call about the caller's own account. One that proves a password has a budget as small as the entrance's: hashing is dear, and
 * guessing is cheap.
 */
export const userProcedure = (options: { readonly provesPassword?: boolean } = {}) =>
  t.procedure
    .use(mapFailures)
    .meta({ access: { kind: 'user' } })
    .use(authenticate)
    .use(async ({ ctx, next }) => {
      const scope = await ctx.services.access.userScope(ctx.claims, ctx.origin);
      if (options.provesPassword) await ctx.services.limits.chargeUser('password', ctx.claims.userId);
      return next({ ctx: { scope } });
    });

/**
 * The only way to declare a tenant procedure: its permission is an argument, so it cannot be forgotten. Authorizing comes before
 * the procedure's own input is read, and only it yields the scope.
 */
export const workspaceProcedure = (permission: Permission) =>
  t.procedure
    .use(mapFailures)
    .meta({ access: { kind: 'workspace', permission } })
    .use(authenticate)
    .input(WorkspaceBase)
    .use(async ({ ctx, input, next }) => {
      const sources = { input: input.workspaceId, headers: workspaceHeadersOf(ctx), subdomain: ctx.subdomain };
      const scope = await ctx.services.access.workspaceScope(ctx.claims, ctx.origin, { sources, permission });
      ctx.seen.workspaceId = scope.workspaceId;
      return next({ ctx: { scope } });
    });
