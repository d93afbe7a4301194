export { can, PERMISSIONS, type Permission } from './matrix.ts';
export { HIERARCHY, hasRank, type RankedRole, Role, rankOf } from './roles.ts';
