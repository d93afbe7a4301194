import { type Role, rankOf } from '@morket/contract/permissions';
import { LastOwner, RoleTooHigh } from '@morket/contract/workspace';

/** Nobody grants, changes or removes a role above their own. Throws `workspace.role_too_high`. */
export function assertWithinRank(ownRole: Role, ...roles: readonly Role[]): void {
  if (roles.some((role) => rankOf(role) > rankOf(ownRole))) throw RoleTooHigh({ ownRole });
}

/** A workspace keeps an owner. `next` is null when the member goes. Throws `workspace.last_owner`. */
export function assertOwnerRemains(owners: number, current: Role, next: Role | null): void {
  if (current === 'owner' && next !== 'owner' && owners <= 1) throw LastOwner({});
}
