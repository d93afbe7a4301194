import type { Db } from '@morket/db';
import type { PgBoss } from 'pg-boss';
import { systemActing } from '../access/index.ts';
import type { JobHandler, JobRun, RunPolicy, ScheduleHandler } from '../job/index.ts';
import type { Running } from './pulse.ts';
import { abandon, type Begun, begin } from './run.repo.ts';

type Given = { readonly begun: Begun; readonly running: Running; readonly payload: unknown };

/** A kind of work, whether somebody asked for it or the clock. */
export type Kind = {
  readonly policy: RunPolicy & { readonly name: string; readonly perWorkspace?: number };
  /** `traceparent` is of the attempt. */
  handle(given: Given, traceparent?: string): Promise<void>;
};

/** An attempt that has begun. */
export type Item = { readonly kind: Kind; readonly given: Given };

export const kindOfJob = ({ definition, run }: JobHandler): Kind => ({
  policy: definition,
  handle: ({ begun, running, payload }, traceparent) =>
    run(payload, toRun(definition.name, { ...begun, traceparent: traceparent ?? null }, running)),
});

export const kindOfSchedule = ({ definition, run }: ScheduleHandler): Kind => ({
  policy: definition,
  handle: ({ running }) => run({ signal: running.abort.signal, claim: running.claim }),
});

function toRun(kind: string, begun: Begun, running: Running): JobRun {
  const { id, workspaceId, attempt, requestId, traceparent } = begun;
  if (workspaceId === null || attempt === null) throw new Error(`The job ${kind} ${id} belongs to no workspace.`);
  const acting = systemActing(workspaceId, kind);
  const origin = {
    ...acting.origin,
    requestId: requestId ?? acting.origin.requestId,
    traceparent: traceparent ?? undefined,
  };
  return {
    ...{ id, workspaceId, attempt, signal: running.abort.signal, claim: running.claim },
    acting: { ...acting, origin },
    progress: (percent, note) => {
      running.percent = percent === null ? null : Math.min(100, Math.max(0, Math.round(percent)));
      running.note = note?.slice(0, 200) ?? null;
    },
  };
}

/** Takes up to `limit` jobs of a kind and begins attempts at them; those of workspaces that are gone end here. */
export async function fetchItems(db: Db, boss: PgBoss, kind: Kind, limit: number): Promise<Item[]> {
  const { name, perWorkspace } = kind.policy;
  const fetched = await boss.fetch(name, {
    batchSize: limit,
    ...(perWorkspace !== undefined && { groupConcurrency: perWorkspace }),
  });
  if (fetched.length === 0) return [];
  // When this fails, the jobs are missed for want of a heartbeat and come again.
  const attempts = await begin(
    db,
    name,
    fetched.map(({ id }) => id),
  );
  const payloads = new Map(fetched.map(({ id, data }) => [id, data]));
  const items: Item[] = [];
  for (const begun of attempts) {
    const { id, workspaceId, begunAt, attempt } = begun;
    const claim = { kind: name, id, workspaceId, begunAt };
    if (workspaceId !== null && attempt === null) {
      await abandon(db, claim);
      continue;
    }
    const running = { claim, abort: new AbortController(), percent: null, note: null };
    items.push({ kind, given: { begun, running, payload: payloads.get(id) } });
  }
  return items;
}
