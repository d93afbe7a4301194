import { Unavailable } from '@morket/contract/errors';

export type GroupCommitOptions<Item, Result> = {
  /** Items of one group keep their order, and groups take turns. */
  readonly groupOf: (item: Item) => string;
  /** Does what the items ask for, together, and answers each at its place. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** What is to blame for a failed batch: an item of it, a group of it, or neither; that decides in which parts it is run again. */
  readonly blames: (err: unknown) => 'item' | 'group' | 'neither';
  /** Batches under way at once; a group belongs to one lane. Lanes isolate, they do not speed up. */
  readonly lanes?: number;
  readonly maxBatch?: number;
  /** Waiting items of all groups, and of one. */
  readonly maxWaiting?: number;
  readonly maxWaitingPerGroup?: number;
  readonly maxWaitMs?: number;
};

type Waiting<Item, Result> = {
  readonly item: Item;
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (err: unknown) => void;
};

const RETRY_AFTER_SECONDS = 1;

/** The same lane for the same group, in every process. */
function laneOf(group: string, lanes: number): number {
  let hash = 0;
  for (let at = 0; at < group.length; at += 1) hash = (Math.imul(hash, 31) + group.charCodeAt(at)) | 0;
  return (hash >>> 0) % lanes;
}

/**
 * Gathers what is asked at the same time into batches: a lane that is free takes what waits. Nothing waits for company, so at light
 * load a batch holds one item. A batch that fails is run again in smaller parts, so that one bad item fails alone.
 */
export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>) {
  const { groupOf, run, blames, lanes: laneCount = 2, maxBatch = 256 } = options;
  const { maxWaiting = 8_192, maxWaitingPerGroup = 2_048, maxWaitMs = 10_000 } = options;
  type Entry = Waiting<Item, Result>;
  const lanes = Array.from({ length: laneCount }, () => ({
    groups: new Map<string, Entry[]>(),
    running: null as Promise<void> | null,
  }));
  type Lane = (typeof lanes)[number];
  let waiting = 0;

  /** The next batch: one item of each group in turn, until it is full. Groups that got less go first the next time. */
  function next({ groups }: Lane): Entry[] {
    const batch: Entry[] = [];
    const taken = new Map<string, number>();
    for (let round = 0; batch.length < maxBatch; round += 1) {
      const before = batch.length;
      for (const [group, list] of groups) {
        const entry = list[round];
        if (!entry) continue;
        if (batch.length === maxBatch) break;
        batch.push(entry);
        taken.set(group, round + 1);
      }
      if (batch.length === before) break;
    }
    for (const [group, count] of [...taken].sort(([, a], [, b]) => a - b)) {
      const list = groups.get(group) ?? [];
      groups.delete(group);
      if (list.length > count) groups.set(group, list.slice(count));
    }
    waiting -= batch.length;
    return batch;
  }

  /** Leaves out whom nobody waits for any more, and who waited too long. */
  function stillWanted(entry: Entry): boolean {
    if (entry.signal?.aborted) entry.reject(entry.signal.reason);
    else if (performance.now() - entry.since > maxWaitMs) {
      entry.reject(Unavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS }));
    } else return true;
    return false;
  }

  /** Smaller batches in place of one that failed; none when there is no sense in trying again. */
  function partsOf(batch: readonly Entry[], err: unknown): readonly (readonly Entry[])[] {
    const blamed = blames(err);
    if (blamed === 'neither' || batch.length === 1) return [];
    const groups = [...Map.groupBy(batch, ({ item }) => groupOf(item)).values()];
    if (groups.length > 1) return groups;
    return blamed === 'item' ? batch.map((entry) => [entry]) : [];
  }

  /** Gives each item of a batch its result. Returns the failure that would meet everybody else, too; null without one. */
  async function settle(batch: readonly Entry[]): Promise<{ readonly err: unknown } | null> {
    try {
      const results = await run(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error('Each item of a batch has one result.');
      for (const [index, result] of results.entries()) batch[index]?.resolve(result);
      return null;
    } catch (err) {
      const parts = partsOf(batch, err);
      if (parts.length === 0) {
        for (const { reject } of batch) reject(err);
        return blames(err) === 'neither' ? { err } : null;
      }
      let general: { readonly err: unknown } | null = null;
      for (const part of parts) {
        if (general) for (const { reject } of part) reject(general.err);
        else general = await settle(part);
      }
      return general;
    }
  }

  async function work(lane: Lane): Promise<void> {
    // What is asked in the same tick goes together.
    await Promise.resolve();
    while (lane.groups.size > 0) {
      const batch = next(lane).filter(stillWanted);
      if (batch.length > 0) await settle(batch);
    }
    lane.running = null;
  }

  /** Resolves with the item's own result. Throws `server.unavailable` at once when too much waits already. */
  function submit(item: Item, signal?: AbortSignal): Promise<Result> {
    const group = groupOf(item);
    const lane = lanes[laneOf(group, laneCount)];
    if (!lane) throw new Error('There is at least one lane.');
    const list = lane.groups.get(group) ?? [];
    if (waiting >= maxWaiting || list.length >= maxWaitingPerGroup) {
      return Promise.reject(Unavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS }));
    }
    return new Promise<Result>((resolve, reject) => {
      list.push({ item, since: performance.now(), signal, resolve, reject });
      lane.groups.set(group, list);
      waiting += 1;
      lane.running ??= work(lane);
    });
  }

  /** Resolves when everything that was submitted has its result. */
  async function drain(): Promise<void> {
    while (lanes.some(({ running }) => running !== null)) await Promise.all(lanes.map(({ running }) => running));
  }

  return { submit, drain, waiting: () => waiting };
}
