import type { Asks } from './ledger-checker.ts';

/** What a client was told of one call in the end. */
export type Told =
  | {
      readonly outcome: 'moved';
      readonly transactionId: string;
      readonly amount: number;
      readonly balanceAfter: number;
    }
  /** These leave no entry. */
  | { readonly outcome: 'held' | 'released'; readonly holdId: string }
  /** A refusal under a key is final. */
  | { readonly outcome: 'refused'; readonly code: string; readonly details: unknown }
  /** It was told to try again and gave up: nothing took effect. */
  | { readonly outcome: 'notDone' }
  /** Nobody could tell it what became of the call. */
  | { readonly outcome: 'unknown' };

/** One call as its client saw it, written down outside the database. */
export type Claim = {
  readonly workspaceId: string;
  /** Different for everything that may take effect of its own, and part of the entry: by it effects are counted. */
  readonly description: string;
  /** Calls under one key are one intended effect; null for a call without a key. */
  readonly key: string | null;
  readonly told: Told;
};

type Effect = { readonly id: string; readonly amount: number; readonly balanceAfter: number };

/** Where the ledger contradicts what clients were told; one line each, none when it keeps every word. */
export async function checkClaims(client: Asks, claims: readonly Claim[]): Promise<string[]> {
  const [effects, holds] = [await readEffects(client, claims), await readHolds(client, claims)];
  const groups = Map.groupBy(claims, ({ workspaceId, key, description }) => `${workspaceId} ${key ?? description}`);
  return [...groups].flatMap(([name, group]) => [...judge(name, group, effects), ...judgeHolds(group, holds)]);
}

type Effects = ReadonlyMap<string, readonly Effect[]>;
const placeOf = (workspaceId: string, description: string) => `${workspaceId} ${description}`;

async function readEffects(client: Asks, claims: readonly Claim[]): Promise<Effects> {
  const workspaceIds = [...new Set(claims.map(({ workspaceId }) => workspaceId))];
  const { rows } = await client.query<
    Record<'id' | 'workspace_id' | 'description' | 'amount' | 'balance_after', string>
  >(
    'select id, workspace_id, description, amount, balance_after from credit_transactions where workspace_id = any($1)',
    [workspaceIds],
  );
  const effects = Map.groupBy(rows, (row) => placeOf(row.workspace_id, row.description));
  const toEffect = (row: (typeof rows)[number]): Effect => ({
    id: row.id,
    amount: Number(row.amount),
    balanceAfter: Number(row.balance_after),
  });
  return new Map([...effects].map(([place, found]) => [place, found.map(toEffect)]));
}

type Holds = ReadonlyMap<string, { readonly description: string; readonly state: string }>;

async function readHolds(client: Asks, claims: readonly Claim[]): Promise<Holds> {
  const ids = claims.flatMap(({ told }) => ('holdId' in told ? [told.holdId] : []));
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<{ place: string; description: string; state: string }>(
    "select workspace_id || ' ' || id as place, description, state from credit_holds where id = any($1)",
    [ids],
  );
  return new Map(rows.map(({ place, ...hold }) => [place, hold]));
}

function judgeHolds(group: readonly Claim[], holds: Holds): string[] {
  return group.flatMap(({ told, workspaceId, description }) => {
    if (!('holdId' in told)) return [];
    const hold = holds.get(placeOf(workspaceId, told.holdId));
    const isKept = told.outcome === 'held' ? hold?.description === description : hold?.state === 'released';
    return isKept ? [] : [`${description} was answered with hold ${told.holdId}, which is not there as it was told`];
  });
}

/** `group` are the calls under one key, or one call without a key. */
function judge(name: string, group: readonly Claim[], effects: Effects): string[] {
  const places = [...new Set(group.map(({ workspaceId, description }) => placeOf(workspaceId, description)))];
  const found = places.flatMap((place) => effects.get(place) ?? []);
  const wrong: string[] = [];
  if (found.length > 1) wrong.push(`${name} took effect ${found.length} times`);
  for (const { told, workspaceId, description } of group) {
    const own = effects.get(placeOf(workspaceId, description)) ?? [];
    if (told.outcome === 'moved') {
      const { transactionId: id, amount, balanceAfter } = told;
      const kept = own.some((e) => e.id === id && e.amount === amount && e.balanceAfter === balanceAfter);
      if (!kept) wrong.push(`${description} was answered with entry ${id}, which is not there as it was told`);
    } else if (told.outcome !== 'unknown' && own.length > 0) {
      wrong.push(`${description} was answered as ${told.outcome}, and took effect`);
    }
  }
  // The first refusal is the answer for ever; only content that differs from the first one's is refused otherwise.
  for (const same of Map.groupBy(group, ({ description }) => description).values()) {
    const answers = same
      .map(({ told }) => told)
      .filter(({ outcome }) => outcome !== 'notDone' && outcome !== 'unknown');
    const different = new Set(answers.map((answer) => JSON.stringify(answer)));
    if (group[0]?.key != null && different.size > 1)
      wrong.push(`${name} was answered in ${different.size} ways: ${[...different].join(' and ')}`);
  }
  return wrong;
}
