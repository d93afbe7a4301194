import { browserTokens, createMorket, eachItem, isMorketError, type Morket, type TokenStore } from '@morket/client';
import { fileTokens } from '@morket/client/node';

export const store = (inBrowser: boolean): TokenStore => (inBrowser ? browserTokens() : fileTokens('tokens.json'));

export async function tour(morket: Morket): Promise<number> {
  const { user } = await morket.auth.register.mutate({
    email: 'ada@example.com',
    password: 'four random words',
    name: 'Ada',
  });
  const workspace = await morket.workspace.create.mutate({ name: `Workspace of ${user.name}` });
  const year: number = workspace.createdAt.getFullYear();

  const here = morket.inWorkspace(workspace.id);
  let sum = 0;
  for await (const { amount } of eachItem(here.billing.transactions.query, {}, { limit: 50, max: 500 })) sum += amount;

  const { error } = await morket.safe(here.billing.debit.mutate({ amount: 5, description: 'Lookup' }));
  if (isMorketError(error, 'billing.insufficient_credits')) sum -= error.details.required - error.details.available;
  await morket.signOut();
  return sum + year;
}

export const morket = createMorket({ url: 'https://api.example.com', tokens: store(false), timeoutMs: 5_000 });
