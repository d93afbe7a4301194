/** Morket's ledger as its own process calls it: the public service, with nothing in front of it. */
import { randomUUID } from 'node:crypto';
import { Unavailable } from '@morket/contract/errors';
import type { WorkspaceScope } from '@morket/domain/access';
import { serveParent, serverHandlers } from '../process/serve-parent.ts';
import { composeProduct } from '../product/composition.ts';
import { anOwner, aWorkspace } from '../product/tenants.ts';
import { type BusyLoad, keepBusy } from './keep-busy.ts';
import { SPREAD } from './reference.ts';

const CREDITS = 1_000_000_000;
const MADE_AT_ONCE = 8;

const product = await composeProduct();
const owner = await anOwner(product);
const hot = await aWorkspace(product, owner, CREDITS);
const spread = await manyWorkspaces();

async function manyWorkspaces(): Promise<WorkspaceScope[]> {
  const made: WorkspaceScope[] = [];
  const make = async () => {
    for (let wanted = SPREAD / MADE_AT_ONCE; wanted > 0; wanted -= 1)
      made.push(await aWorkspace(product, owner, CREDITS));
  };
  await Promise.all(Array.from({ length: MADE_AT_ONCE }, make));
  return made;
}

const SCOPES = { hot: [hot], spread };
const run = randomUUID();
let debits = 0;

/** Debits one credit each, under a key of its own, in one workspace or in any of the thousand. */
function debit(load: BusyLoad & { readonly on: 'hot' | 'spread' }) {
  const scopes = SCOPES[load.on];
  const one = () => {
    const scope = scopes[Math.floor(Math.random() * scopes.length)] ?? hot;
    debits += 1;
    const idempotencyKey = `${run}-${debits}`;
    return product.services.billing.debit(scope, { amount: 1, description: 'Enriched a contact', idempotencyKey });
  };
  return keepBusy(one, load, Unavailable.is);
}

const handlers = { ...serverHandlers, debit };
export type CoreHandlers = typeof handlers;

const ready = { hot: [hot.workspaceId], spread: spread.map(({ workspaceId }) => workspaceId) };
export type CoreReady = typeof ready;

serveParent(handlers, ready);
