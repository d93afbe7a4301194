import { TenantConflict } from '@morket/contract/errors';

/** The places that may name the workspace of a request. */
export type TenantSources = {
  readonly input: string | undefined;
  /** `X-Workspace-Id` and its alias. */
  readonly headers: readonly string[];
  readonly subdomain: string | undefined;
};

export type TenantChoice = { readonly id: string | null; readonly slug: string | null };

/**
 * The workspace a request names: by id, by slug, by both (they must turn out to be one), or by neither (then the session's
 * active workspace counts). Throws `access.workspace_conflict` when two ids differ.
 */
export function chooseTenant({ input, headers, subdomain }: TenantSources): TenantChoice {
  const ids = new Set([...(input === undefined ? [] : [input]), ...headers].map((id) => id.toLowerCase()));
  if (ids.size > 1) throw TenantConflict({});
  const [id = null] = ids;
  return { id, slug: subdomain ?? null };
}
