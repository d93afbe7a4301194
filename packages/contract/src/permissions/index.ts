export { can, isKeyPermission, KEY_PERMISSIONS, type KeyPermission, PERMISSIONS, type Permission } from './matrix.ts';
export { HIERARCHY, hasRank, type RankedRole, Role, rankOf } from './roles.ts';
