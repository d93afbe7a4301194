import { PlanType } from '@morket/contract/billing';
import { FEATURES, LIMITS, PLANS, type PlanFeature, type PlanLimit } from '@morket/contract/plan';
import { type ProcedureInfo, procedures } from '@morket/rpc';
import { code, generatedFrom, table } from './markdown.ts';

const INTRODUCTION = `
Every workspace has a plan; a new one is \`free\`. A plan includes features, and allows a number of some things. What it does not include is
refused before the call is looked at any further (\`plan.feature_required\`), and what would be one too many in the transaction that would
make it (\`plan.limit_reached\`). Both answer with 402, and name the smallest plan that would do in \`details.upgradeTo\`.

\`plan.get\` tells every member the plan, its features, and how much of each limit is used. \`plan.set\` changes it at once: an owner may,
and no API key. A smaller plan takes nothing away. What is above its limits stays and works; nothing is added until it is below them again.

**Paying for plans is not part of Morket.** Whoever runs an installation decides who owns a workspace, and an owner chooses the plan. Credits
are another matter (see \`billing\`).
`.trim();

const ORDERED = `
A webhook endpoint that wants its events in order (\`ordered\`) asks for \`webhooks.ordered\` beside that, when it is made and when it is
changed.
`.trim();

/** What a member is counted as is not told by the name of the limit alone. */
const COUNTED: Readonly<Record<PlanLimit, string>> = {
  members: 'members and open invitations',
  apiKeys: 'API keys that are neither revoked nor expired',
  webhookEndpoints: 'webhook endpoints, disabled ones too',
  forms: 'forms, inactive ones too',
};

const plans = PlanType.options;
const shown = (allowed: number | null): string => (allowed === null ? 'any number' : String(allowed));

const featureRow = (feature: PlanFeature): string[] => [
  code(feature),
  ...plans.map((plan) => (PLANS[plan].features[feature] ? 'yes' : '–')),
];
const limitRow = (limit: PlanLimit): string[] => [
  code(limit),
  COUNTED[limit],
  ...plans.map((plan) => shown(PLANS[plan].limits[limit])),
];

const askingRow = ({ path, access }: ProcedureInfo): string[][] => {
  if (access.kind !== 'workspace' || !(access.feature ?? access.limit)) return [];
  return [[code(path), ...[access.feature, access.limit].map((name) => (name ? code(name) : '–'))]];
};

/** docs/plans.md: what each plan includes and allows, and which procedures ask. */
export function planReference(): string {
  const parts = [
    generatedFrom('the plans of the contract and the router'),
    '# Plans',
    INTRODUCTION,
    '## Features',
    table(['Feature', ...plans], FEATURES.map(featureRow)),
    '## Limits',
    table(['Limit', 'Counts', ...plans], LIMITS.map(limitRow)),
    '## Retention',
    table(
      ['', ...plans],
      [['days an audit entry is kept', ...plans.map((plan) => String(PLANS[plan].auditRetentionDays))]],
    ),
    '## Procedures that ask',
    table(['Procedure', 'Feature', 'Limit'], procedures().flatMap(askingRow)),
    ORDERED,
  ];
  return `${parts.join('\n\n')}\n`;
}
