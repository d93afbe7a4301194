import { randomUUID } from 'node:crypto';
import { EmailTaken } from '@morket/contract/auth';
import type { Composition } from '../compose.ts';

/** The account and workspace a newcomer can look around in. */
export type Demo = { readonly email: string; readonly password: string; readonly workspaceId: string };

const EMAIL = 'demo@morket.dev';
const ORIGIN = { requestId: randomUUID(), ip: null, userAgent: 'morket seed' };

async function makeWorkspace({ services }: Composition, accessToken: string): Promise<string> {
  const claims = await services.access.identify(accessToken);
  const account = await services.access.userScope(claims, ORIGIN);
  const { id } = await services.workspaces.create(account, { name: 'Demo workspace' });
  const sources = { input: id, headers: [], subdomain: undefined };
  const scope = await services.access.workspaceScope(claims, ORIGIN, { sources, permission: 'billing:manage' });
  await services.billing.addCredits(scope, { amount: 1_000, description: 'Welcome credits' });
  await services.billing.debit(scope, { amount: 25, description: 'Enriched 25 contacts', referenceId: 'demo-run-1' });
  return id;
}

/**
 * Makes the demo account and its workspace on an empty database, or finds them again. Null when the database is somebody's own, or
 * another process is making them at this moment. That the password is still the one made here is not checked.
 */
export async function seedDemo(composition: Composition, password: string): Promise<Demo | null> {
  const { db, services } = composition;
  const membership = await db.read.membership.findFirst({
    where: { user: { email: EMAIL }, workspace: { deletedAt: null } },
    orderBy: { createdAt: 'asc' },
  });
  if (membership) return { email: EMAIL, password, workspaceId: membership.workspaceId };
  if ((await db.read.user.count()) > 0) return null;
  try {
    const { accessToken } = await services.auth.register({ email: EMAIL, password, name: 'Demo' }, ORIGIN);
    return { email: EMAIL, password, workspaceId: await makeWorkspace(composition, accessToken) };
  } catch (err) {
    if (EmailTaken.is(err)) return null;
    throw err;
  }
}
