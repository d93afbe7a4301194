import type { ErrorDefinition } from '@morket/contract/errors';
import type { Permission } from '@morket/contract/permissions';
import type { PlanFeature, PlanLimit } from '@morket/contract/plan';
import type { AddressPolicy } from './ports/index.ts';

/** What a procedure asks of the plan of the workspace. */
export type PlanTerms = {
  /** The plan has to include it. */
  readonly feature?: PlanFeature;
  /** What the call makes counts against it; the service refuses, in its transaction. */
  readonly limit?: PlanLimit;
};

/** Who may call a procedure. */
export type Access =
  | { readonly kind: 'public'; readonly policy: AddressPolicy }
  | { readonly kind: 'user' }
  | ({ readonly kind: 'workspace'; readonly permission: Permission } & PlanTerms);

export type RestMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Where a procedure stands on the REST surface; `{name}` in the path is a field of the input. */
export type RestRoute = {
  readonly method: RestMethod;
  readonly path: `/${string}`;
  /** 200 unless said otherwise. */
  readonly status?: 201;
};

export type Meta = {
  readonly access?: Access;
  readonly rest?: RestRoute;
  /** One line for the API reference. */
  readonly summary?: string;
  /** Makes something of its own of the `Idempotency-Key` header; mutations that know who calls need not say it. */
  readonly readsKey?: true;
  /** The failures of the domain this procedure can answer with, beside those of its access. */
  readonly errors?: readonly ErrorDefinition[];
};
