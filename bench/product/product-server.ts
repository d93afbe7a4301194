/** The whole product behind its HTTP server, with as many people in it as `CALLERS` says, each with a workspace. */
import type { AddressInfo } from 'node:net';
import { buildServer } from '@morket/api/server';
import { serveParent, serverHandlers } from '../process/serve-parent.ts';
import { composeProduct } from './composition.ts';
import { anOwner, aWorkspace } from './tenants.ts';

const CREDITS = 1_000_000_000;

const product = await composeProduct();
const owner = await anOwner(product);
const { workspaceId } = await aWorkspace(product, owner, CREDITS);
const callers = [{ workspaceId, accessToken: owner.accessToken }];
while (callers.length < Number(process.env.CALLERS ?? '1')) {
  const other = await anOwner(product);
  const scope = await aWorkspace(product, other, 1);
  callers.push({ workspaceId: scope.workspaceId, accessToken: other.accessToken });
}
const app = await buildServer({ services: product.services, env: product.env, log: product.log });
await app.listen({ port: 0, host: '127.0.0.1' });
const { port } = app.server.address() as AddressInfo; // of a TCP server that listens

const ready = {
  port,
  workspaceId,
  accessToken: owner.accessToken,
  email: owner.email,
  password: owner.password,
  /** Everybody, the first one included. */
  callers,
};
export type ProductReady = typeof ready;

serveParent(serverHandlers, ready);
