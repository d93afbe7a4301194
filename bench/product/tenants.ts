import { randomUUID } from 'node:crypto';
import type { SignedIn } from '@morket/contract/auth';
import type { UserScope, WorkspaceScope } from '@morket/domain/access';
import type { Product } from './composition.ts';

const anOrigin = () => ({ requestId: randomUUID(), ip: '127.0.0.1', userAgent: 'bench' });

/** A signed-in person, and the email and password to sign in with elsewhere. */
export type Owner = SignedIn & { readonly email: string; readonly password: string; readonly scope: UserScope };

export async function anOwner({ services }: Product): Promise<Owner> {
  const [email, password] = [`bench-${randomUUID()}@example.com`, `pass ${randomUUID()}`];
  const signedIn = await services.auth.register({ email, password, name: 'Bench' }, anOrigin());
  const scope = await services.access.userScope(await services.access.identify(signedIn.accessToken), anOrigin());
  return { ...signedIn, email, password, scope };
}

/** A workspace with credits, and the scope of its owner, minted by the real authorize step. */
export async function aWorkspace({ services }: Product, owner: Owner, credits: number): Promise<WorkspaceScope> {
  const { id } = await services.workspaces.create(owner.scope, { name: `Bench ${randomUUID()}` });
  const claims = await services.access.identify(owner.accessToken);
  const sources = { input: id, headers: [], subdomain: undefined };
  const scope = await services.access.workspaceScope(claims, anOrigin(), { sources, permission: 'billing:manage' });
  await services.billing.addCredits(scope, { amount: credits, description: 'Opening balance' });
  return scope;
}
