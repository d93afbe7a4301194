/** Hears of changes: over a stream of events, through the typed client; or by asking the table again and again, the plainest way. */
import { setTimeout as delay } from 'node:timers/promises';
import { createMorket, memoryTokens } from '@morket/client';
import pg from 'pg';
import { serveParent } from '../process/serve-parent.ts';
import type { Moment } from './writer-process.ts';

/** As often as the hub looks while something happens. */
const LOOK_EVERY_MS = 25;

let heard: Moment[] = [];
let stop: () => Promise<void> = async () => undefined;

const nowMs = () => performance.timeOrigin + performance.now();

type Where = { readonly port: number; readonly accessToken: string; readonly workspaceId: string };

/** Resolves when the stream is ready. */
async function overStream({ port, accessToken, workspaceId }: Where): Promise<void> {
  heard = [];
  const tokens = memoryTokens({
    ...{ accessToken, refreshToken: '', refreshKey: '', signInId: '', userId: '' },
    ...{ receivedAt: Date.now(), expiresIn: 12 * 3_600 },
  });
  const morket = createMorket({ url: `http://127.0.0.1:${port}`, tokens, workspaceId });
  const messages = morket.realtime.subscribe();
  await messages.next();
  const loop = (async () => {
    for await (const message of messages) {
      if (message.kind === 'reset') throw new Error('A stream that is read is never reset.');
      if (message.kind === 'event') heard.push([message.entityId, nowMs()]);
    }
  })();
  stop = async () => {
    await messages.return?.();
    await loop;
  };
}

/** One statement by number alone: it loses what commits late, and so does less than it would have to. */
async function byAsking({ url, workspaceId }: { readonly url: string; readonly workspaceId: string }): Promise<void> {
  heard = [];
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  const { rows } = await sql.query<{ last: string }>('select coalesce(max(seq), 0) as last from outbox');
  let last = rows[0]?.last ?? '0';
  let isOver = false;
  const loop = (async () => {
    while (!isOver) {
      const begunAt = performance.now();
      const found = await sql.query<{ seq: string; entity: string }>(
        'select seq, aggregate_id as entity from outbox where workspace_id = $1 and seq > $2 order by seq',
        [workspaceId, last],
      );
      for (const { seq, entity } of found.rows) {
        heard.push([entity, nowMs()]);
        last = seq;
      }
      await delay(Math.max(0, begunAt + LOOK_EVERY_MS - performance.now()));
    }
    await sql.end();
  })();
  stop = async () => {
    isOver = true;
    await loop;
  };
}

/** Everything that was heard, once it is at least `count` or `patienceMs` are over. */
async function collect({
  count,
  patienceMs,
}: {
  readonly count: number;
  readonly patienceMs: number;
}): Promise<Moment[]> {
  const until = performance.now() + patienceMs;
  while (heard.length < count && performance.now() < until) await delay(5);
  await stop();
  return heard;
}

const handlers = { overStream, byAsking, collect };
export type ListenerHandlers = typeof handlers;
serveParent(handlers);
