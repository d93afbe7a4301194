import type { ErrorDefinition } from '@morket/contract/errors';
import type { Permission } from '@morket/contract/permissions';
import type { AddressPolicy } from './ports/index.ts';

/** Who may call a procedure. */
export type Access =
  | { readonly kind: 'public'; readonly policy: AddressPolicy }
  | { readonly kind: 'user' }
  | { readonly kind: 'workspace'; readonly permission: Permission };

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
  /** The failures of the domain this procedure can answer with, beside those of its access. */
  readonly errors?: readonly ErrorDefinition[];
};
