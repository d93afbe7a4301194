/** A tour of the API through the typed client, against the server at MORKET_URL (http://localhost:3000 unless set). */
import { randomUUID } from 'node:crypto';
import { createMorket, eachItem, isMorketError } from '@morket/client';

const url = process.env.MORKET_URL ?? 'http://localhost:3000';
const run = randomUUID().slice(0, 8);
const say = (line: string) => console.log(line);

async function tour(): Promise<void> {
  const ada = createMorket({ url });
  const grace = createMorket({ url });
  const password = `four random words ${run}`;

  const owner = await ada.auth.register.mutate({ email: `ada+${run}@example.com`, password, name: 'Ada Lovelace' });
  const second = await grace.auth.register.mutate({
    email: `grace+${run}@example.com`,
    password,
    name: 'Grace Hopper',
  });
  say(`Registered and signed in: ${owner.user.email}, ${second.user.email}`);

  const workspace = await ada.workspace.create.mutate({ name: `Analytical Engines ${run}` });
  say(`Made the workspace "${workspace.name}" at ${workspace.createdAt.toISOString()}; your role: ${workspace.role}`);

  const engines = ada.inWorkspace(workspace.id);
  const member = await engines.workspace.members.add.mutate({ email: second.user.email, role: 'manager' });
  const seenByGrace = await grace.workspace.list.query({});
  say(`Added ${member.name} as ${member.role}; she sees ${seenByGrace.total} workspace`);

  await engines.credential.store.mutate({ providerName: 'hunter', key: `hk_live_${run}` });
  for await (const { providerName, maskedKey } of eachItem(engines.credential.list.query, {})) {
    say(`Stored the key of ${providerName}, which is only ever shown as ${maskedKey}`);
  }

  const { balance } = await engines.billing.addCredits.mutate({ amount: 100, description: 'First top-up' });
  say(`Added 100 credits; the balance is ${balance}`);

  const debit = { amount: 30, description: 'Enriched 30 contacts', idempotencyKey: `quickstart-${run}` };
  const first = await engines.billing.debit.mutate(debit);
  const again = await engines.billing.debit.mutate(debit);
  const isSame = again.transaction.id === first.transaction.id;
  say(`Spent 30, and sent it again under its key: ${isSame ? 'one' : 'two'} debit, the balance is ${again.balance}`);

  const { error } = await ada.safe(engines.billing.debit.mutate({ amount: 500, description: 'Too much' }));
  if (!isMorketError(error, 'billing.insufficient_credits')) throw error ?? new Error('500 credits were spent of 70.');
  say(`Refused: ${error.details.required} needed, ${error.details.available} available (HTTP ${error.status})`);

  say('The ledger, newest first:');
  for await (const entry of eachItem(engines.billing.transactions.query, {})) {
    const amount = String(entry.amount).padStart(5);
    say(`  ${entry.createdAt.toISOString()} ${amount}  ${entry.description}, leaving ${entry.balanceAfter}`);
  }

  await Promise.all([ada.signOut(), grace.signOut()]);
  say('Signed out.');
}

try {
  await tour();
} catch (err) {
  process.exitCode = 1;
  if (isMorketError(err, 'client.connection'))
    console.error(`There is no server at ${url}. Start one with \`npm start\`.`);
  else if (isMorketError(err)) console.error(`${err.code}: ${err.message} (request ${err.requestId})`);
  else console.error(err);
}
