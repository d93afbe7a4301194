import { DomainError } from '@morket/contract/errors';
import type { Permission } from '@morket/contract/permissions';
import type { Context } from '../context.ts';

/**
 * Makes what asks anew who presents the token of a request and what they may in a workspace, for an answer that goes on for long. It
 * throws what a new request would be answered with.
 */
export function reauthorizing(ctx: Context, wanted: { readonly workspaceId: string; readonly permission: Permission }) {
  const { access } = ctx.services;
  const sources = { input: wanted.workspaceId, headers: [], subdomain: undefined };

  return async () => {
    const claims = await access.identify(ctx.bearer, ctx.apiKey);
    // An origin of its own: with the one of the request goes what was read for it.
    const origin = { ...ctx.origin };
    const scopeFor = (permission: Permission) => access.workspaceScope(claims, origin, { sources, permission });
    const asked = new Map<Permission, Promise<boolean>>();

    async function ask(permission: Permission): Promise<boolean> {
      try {
        return (await scopeFor(permission)) !== null;
      } catch (err) {
        if (err instanceof DomainError && err.kind === 'forbidden') return false;
        throw err;
      }
    }

    return {
      scope: await scopeFor(wanted.permission),
      may(permission: Permission): Promise<boolean> {
        const answer = asked.get(permission) ?? ask(permission);
        asked.set(permission, answer);
        return answer;
      },
    };
  };
}
