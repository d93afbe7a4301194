import type { Permission } from '@morket/contract/permissions';
import { assertIncluded } from '@morket/contract/plan';
import { Id } from '@morket/contract/primitives';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { invalidInput } from '../errors.ts';
import { intentOf, meaning, noteReplay } from '../idempotency-key.ts';
import type { PlanTerms } from '../meta.ts';
import type { AddressPolicy } from '../ports/index.ts';
import { t } from '../trpc.ts';
import { mapFailures } from './failures.ts';

/** A call may come without any input when header, subdomain or session name the workspace. */
const WorkspaceBase = z.object({ workspaceId: Id.optional() }).prefault({});
const WorkspaceHeaders = z.array(Id).max(2);

/** Who calls; a call without a good token counts against its address, and so does one with what has never proved to be a key yet. */
const authenticate = t.middleware(async ({ ctx, meta, next }) => {
  const { access, limits } = ctx.services;
  const claims = await access.identify(ctx.bearer, ctx.apiKey).catch(async (err: unknown) => {
    await limits.chargeAddress('anonymous', ctx.origin.ip);
    throw err;
  });
  if (!('keyHash' in claims)) {
    ctx.seen.userId = claims.userId;
    await limits.chargePrincipal('principal', claims.userId);
    return next({ ctx: { claims } });
  }
  const charge = () => limits.chargeAddress('key', ctx.origin.ip);
  // What takes no key has none looked up.
  if (claims.apiKeyId === null && meta?.access?.kind === 'user') await charge();
  else await limits.chargePrincipal('principal', await access.proveKey(claims, ctx.origin, charge));
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
 * A call about the caller's own account, which takes no API key. One that proves a password has a budget as small as the entrance's: hashing is dear, and
 * guessing is cheap. One that acts on the session of the caller is another call in another session, also under the same idempotency key.
 */
export const userProcedure = (options: { readonly provesPassword?: boolean; readonly actsOnSession?: boolean } = {}) =>
  t.procedure
    .use(mapFailures)
    .meta({ access: { kind: 'user' } })
    .use(authenticate)
    .use(async ({ ctx, path, type, getRawInput, next }) => {
      const scope = await ctx.services.access.userScope(ctx.claims, ctx.origin);
      if (options.provesPassword) await ctx.services.limits.chargePrincipal('password', scope.actorId);
      if (type !== 'mutation') return next({ ctx: { scope } });
      const sessionId = options.actsOnSession ? scope.sessionId : undefined;
      const intent = await intentOf({ ctx, path, getRawInput, sessionId });
      const result = await next({ ctx: { scope: meaning(scope, intent) } });
      noteReplay(ctx, intent);
      return result;
    });

/**
 * The only way to declare a tenant procedure: its permission is an argument, so it cannot be forgotten. Authorizing comes before
 * the procedure's own input is read, and only it yields the scope; so does what the plan has to include. An idempotency key is read behind it: whoever may not, gets no replay.
 */
export const workspaceProcedure = (permission: Permission, terms: PlanTerms = {}) =>
  t.procedure
    .use(mapFailures)
    .meta({ access: { kind: 'workspace', permission, ...terms } })
    .use(authenticate)
    .input(WorkspaceBase)
    .use(async ({ ctx, input, path, type, getRawInput, next }) => {
      const sources = { input: input.workspaceId, headers: workspaceHeadersOf(ctx), subdomain: ctx.subdomain };
      const scope = await ctx.services.access.workspaceScope(ctx.claims, ctx.origin, { sources, permission });
      await ctx.services.limits.chargeWorkspace(scope.workspaceId);
      if (terms.feature) assertIncluded(scope.planType, terms.feature);
      ctx.seen.userId = scope.actorId;
      ctx.seen.workspaceId = scope.workspaceId;
      if (scope.apiKeyId !== undefined) ctx.seen.apiKeyId = scope.apiKeyId;
      if (type !== 'mutation') return next({ ctx: { scope } });
      // How the workspace was named is no part of what is meant.
      const intent = await intentOf({ ctx, path, getRawInput }, ['workspaceId']);
      const result = await next({ ctx: { scope: meaning(scope, intent) } });
      noteReplay(ctx, intent);
      return result;
    });
