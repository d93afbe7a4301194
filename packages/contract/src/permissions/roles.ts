import { z } from 'zod';

/** Highest first. `support` stands beside this hierarchy and has only what the matrix gives it by name. */
export const HIERARCHY = ['owner', 'admin', 'manager', 'member', 'viewer'] as const;
export type RankedRole = (typeof HIERARCHY)[number];

export const Role = z.enum([...HIERARCHY, 'support']).meta({ examples: ['member'] });
export type Role = z.infer<typeof Role>;

/** 5 for owner down to 1 for viewer; 0 for support, which ranks below everyone. */
export function rankOf(role: Role): number {
  return role === 'support' ? 0 : HIERARCHY.length - HIERARCHY.indexOf(role);
}

/** Whether `role` stands at or above `required` on the hierarchy. */
export const hasRank = (role: Role, required: RankedRole): boolean => rankOf(role) >= rankOf(required);
