import type { Plan, SetPlanInput } from '@morket/contract/plan';
import type { WorkspaceScope } from '@morket/domain/access';

export type PlanPort = {
  get(scope: WorkspaceScope): Promise<Plan>;
  set(scope: WorkspaceScope, input: SetPlanInput): Promise<Plan>;
};
