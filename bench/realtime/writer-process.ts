/** Changes a workspace at a steady rate, each change a transaction of its own, in another process than the one that serves. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { record } from '@morket/domain/record';
import { serveParent } from '../process/serve-parent.ts';
import { composeProduct } from '../product/composition.ts';
import { anOwner, aWorkspace } from '../product/tenants.ts';

const product = await composeProduct();
const owner = await anOwner(product);
const scope = await aWorkspace(product, owner, 1);

/** Something that happened to one thing, and when: at its commit, or when it was heard of. In milliseconds since 1970. */
export type Moment = readonly [entityId: string, atMs: number];

const nowMs = () => performance.timeOrigin + performance.now();

async function change(): Promise<Moment> {
  const entityId = randomUUID();
  await product.db.transaction((tx) =>
    record(tx, scope, { name: 'form.updated', version: 1, aggregate: { type: 'form', id: entityId }, payload: {} }),
  );
  return [entityId, nowMs()];
}

/** When each change was committed. The rate is kept whatever a commit takes. */
async function write({ perSecond, durationMs }: { readonly perSecond: number; readonly durationMs: number }) {
  const count = Math.round((perSecond * durationMs) / 1_000);
  const startedAt = performance.now();
  const changes: Promise<Moment>[] = [];
  for (let number = 0; number < count; number += 1) {
    await delay(Math.max(0, startedAt + (number * 1_000) / perSecond - performance.now()));
    changes.push(change());
  }
  return Promise.all(changes);
}

const handlers = { write };
export type WriterHandlers = typeof handlers;

const ready = { workspaceId: scope.workspaceId, accessToken: owner.accessToken };
export type WriterReady = typeof ready;
serveParent(handlers, ready);
