import { systemActing } from '../access/index.ts';
import type { ActingIn } from './command.ts';

/** What goes wrong with money concerns operators: nobody is waiting for an answer. */
export type RechargeLog = {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
};

/** Automatic recharge at work in a workspace. */
export const asRechargeJob = (workspaceId: string): ActingIn => systemActing(workspaceId, 'auto-recharge');
