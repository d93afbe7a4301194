import { plansWith } from '@morket/contract/plan';
import type { Access } from '@morket/rpc';

/** What a procedure asks of the plan of the workspace, a sentence for each thing. */
export function planText(access: Access): readonly string[] {
  if (access.kind !== 'workspace') return [];
  const { feature, limit } = access;
  return [
    ...(feature ? [`Needs a plan that includes \`${feature}\`: ${plansWith(feature).join(', ')}.`] : []),
    ...(limit ? [`Counts against the limit \`${limit}\` of the plan.`] : []),
  ];
}
