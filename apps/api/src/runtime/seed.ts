import { randomUUID } from 'node:crypto';
import { EmailTaken } from '@morket/contract/auth';
import { KEY_PERMISSIONS } from '@morket/contract/permissions';
import type { Composition } from '../compose.ts';
import { type DataPaths, loadSecrets, type Secrets, saveSecrets } from './data-dir.ts';

/** The account and workspace a newcomer can look around in. `apiKey` is null where the key was made elsewhere. */
export type Demo = {
  readonly email: string;
  readonly password: string;
  readonly workspaceId: string;
  readonly apiKey: string | null;
};

const EMAIL = 'demo@morket.dev';
const ORIGIN = { requestId: randomUUID(), ip: null, userAgent: 'morket seed' };

async function makeWorkspace({ services }: Composition, accessToken: string) {
  const claims = await services.access.identify(accessToken);
  const account = await services.access.userScope(claims, ORIGIN);
  const { id } = await services.workspaces.create(account, { name: 'Demo workspace' });
  const sources = { input: id, headers: [], subdomain: undefined };
  const scope = await services.access.workspaceScope(claims, ORIGIN, { sources, permission: 'billing:manage' });
  await services.billing.addCredits(scope, { amount: 1_000, description: 'Welcome credits' });
  await services.billing.debit(scope, { amount: 25, description: 'Enriched 25 contacts', referenceId: 'demo-run-1' });
  const { secret } = await services.apiKeys.create(scope, { name: 'Demo key', scopes: [...KEY_PERMISSIONS] });
  return { workspaceId: id, apiKey: secret };
}

/**
 * Makes the demo account, its workspace and its API key on an empty database, or finds them again; the key is kept beside the password.
 * Null when the database is somebody's own, or another process is making them at this moment. That password and key are still the ones
 * made here is not checked.
 */
export async function seedDemo(
  composition: Composition,
  { paths, secrets }: { readonly paths: DataPaths; readonly secrets: Secrets },
): Promise<Demo | null> {
  const { db, services } = composition;
  const { demoPassword: password, demoApiKey = null } = secrets;
  const membership = await db.read.membership.findFirst({
    where: { user: { email: EMAIL }, workspace: { deletedAt: null } },
    orderBy: { createdAt: 'asc' },
  });
  if (membership) return { email: EMAIL, password, workspaceId: membership.workspaceId, apiKey: demoApiKey };
  if ((await db.read.user.count()) > 0) return null;
  try {
    const { accessToken } = await services.auth.register({ email: EMAIL, password, name: 'Demo' }, ORIGIN);
    const { workspaceId, apiKey } = await makeWorkspace(composition, accessToken);
    if (apiKey !== null) await saveSecrets(paths, { ...(await loadSecrets(paths)), demoApiKey: apiKey });
    return { email: EMAIL, password, workspaceId, apiKey };
  } catch (err) {
    if (EmailTaken.is(err)) return null;
    throw err;
  }
}
