import { randomUUID } from 'node:crypto';
import type { Composition } from '../compose.ts';

/** The account and workspace a newcomer can look around in. */
export type Demo = { readonly email: string; readonly password: string; readonly workspaceId: string };

const EMAIL = 'demo@morket.dev';
const ORIGIN = { requestId: randomUUID(), ip: null, userAgent: 'morket seed' };

/** Makes the demo workspace on an empty database, else finds it again; null when the demo account is gone or has another password. */
export async function seedDemo({ db, services }: Composition, password: string): Promise<Demo | null> {
  const user = await db.read.user.findUnique({ where: { email: EMAIL }, select: { memberships: true } });
  const anybody = user ?? (await db.read.user.findFirst({ select: { id: true } }));
  if (user) {
    const [membership] = user.memberships;
    return membership ? { email: EMAIL, password, workspaceId: membership.workspaceId } : null;
  }
  if (anybody) return null;

  const { accessToken } = await services.auth.register({ email: EMAIL, password, name: 'Demo' }, ORIGIN);
  const claims = await services.access.identify(accessToken);
  const account = await services.access.userScope(claims, ORIGIN);
  const workspace = await services.workspaces.create(account, { name: 'Demo workspace' });
  const sources = { input: workspace.id, headers: [], subdomain: undefined };
  const scope = await services.access.workspaceScope(claims, ORIGIN, { sources, permission: 'billing:manage' });
  await services.billing.addCredits(scope, { amount: 1_000, description: 'Welcome credits' });
  await services.billing.debit(scope, { amount: 25, description: 'Enriched 25 contacts', referenceId: 'demo-run-1' });
  return { email: EMAIL, password, workspaceId: workspace.id };
}
