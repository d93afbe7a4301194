/** Someone who spends credits through the typed client, over HTTP. */
import { randomUUID } from 'node:crypto';
import { createMorket, isMorketError, type Morket } from '@morket/client';
import { serveParent } from '../process/serve-parent.ts';
import type { ProductReady } from '../product/product-server.ts';
import { type BusyLoad, keepBusy } from './keep-busy.ts';

let workspace: Morket | null = null;

async function signIn({ port, email, password, workspaceId }: ProductReady): Promise<void> {
  // A retry would hide a failure, and count one debit as slow instead.
  const morket = createMorket({ url: `http://127.0.0.1:${port}`, maxRetries: 0 });
  await morket.auth.login.mutate({ email, password });
  workspace = morket.inWorkspace(workspaceId);
}

function debit(load: BusyLoad) {
  const signedIn = workspace;
  if (!signedIn) throw new Error('Sign in first.');
  const one = () =>
    signedIn.billing.debit.mutate({ amount: 1, description: 'Enriched a contact', idempotencyKey: randomUUID() });
  return keepBusy(one, load, (err) => isMorketError(err, 'server.unavailable'));
}

const handlers = { signIn, debit };
export type ClientHandlers = typeof handlers;

serveParent(handlers);
