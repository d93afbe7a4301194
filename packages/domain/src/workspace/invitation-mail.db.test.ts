import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { InternalError } from '@morket/contract/errors';
import { drainJobs } from '@morket/domain/job-runner';
import { type Mail, type MailPort, MailRefused } from '@morket/domain/mail';
import { mailInvitation } from '@morket/domain/workspace';
import { aPerson, aTenant, createWorld, type Tenant, unique, useWorld } from '@morket/testing';
import { beforeEach, expect, test } from 'vitest';

const world = useWorld();
let tenant: Tenant;
let sent: Mail[];
beforeEach(async () => {
  // Every test looks at its own invitation alone.
  await world.runJobs();
  tenant = await aTenant(world);
  sent = [];
});

const down: MailPort = {
  send: async (mail) => {
    sent.push(mail);
    throw new Error('the mail server is gone');
  },
};
const up: MailPort = { send: async (mail) => void sent.push(mail) };

/** What a worker does with this mail server; `jwtSecret` is that of the world. */
const work = (mail: MailPort, jwtSecret = world.configuration.jwtSecret) =>
  drainJobs({
    ...{ db: world.db, databaseUrl: world.databaseUrl, jobs: [mailInvitation({ db: world.db, mail, jwtSecret })] },
    log: { warn: () => undefined, error: () => undefined },
  });

/** The pause before the next attempt is over. */
const nextAttempt = () => world.db.read.$executeRaw`update pgboss.job set start_after = now() where state = 'retry'`;

const invite = (email = `guest-${unique()}@example.com`) =>
  world.services.invitations.create(tenant.scope, { email, role: 'member' });
const theJob = () => world.db.read.job.findFirstOrThrow({ where: { workspaceId: tenant.id, kind: 'invitation.mail' } });
const tokenIn = (mail: Mail | undefined): string => /^[\w-]{43}$/m.exec(mail?.text ?? '')?.[0] ?? '';

test('an invitation outlives a mail server that is down: it is mailed later, and any of its mails lets its person in', async () => {
  const person = await aPerson(world);
  const { id } = await invite(person.email);
  await work(down);
  expect(await theJob()).toMatchObject({ state: 'retrying', attempts: 1 });
  await work(up);
  expect(sent, 'not before its time').toHaveLength(1);
  await nextAttempt();
  await work(up);
  expect(await theJob()).toMatchObject({ state: 'succeeded', attempts: 2 });
  expect(sent).toHaveLength(2);
  expect(sent[1]).toEqual(sent[0]);
  expect(sent[0]).toMatchObject({ to: person.email, id });
  const workspace = await world.services.invitations.accept(person.scope, { token: tokenIn(sent[0]) });
  expect(workspace.id).toBe(tenant.id);
});

test('neither the job nor anything else in the database holds a token', async () => {
  const { id } = await invite();
  const [job] = await world.db.read.$queryRaw<{ data: unknown }[]>`
    select data from pgboss.job where name = 'invitation.mail' and group_id = ${tenant.id}`;
  expect(job?.data).toEqual({ invitationId: id });
});

test.each(['revoked', 'accepted', 'expired'] as const)('nothing goes out for one that is %s by now', async (how) => {
  const { id } = await invite();
  if (how === 'revoked') await world.services.invitations.revoke(tenant.scope, { invitationId: id });
  const past = new Date(Date.now() - 1_000);
  if (how === 'expired') await world.db.read.invitation.update({ where: { id }, data: { expiresAt: past } });
  if (how === 'accepted') await world.db.read.invitation.update({ where: { id }, data: { acceptedAt: past } });
  await work(up);
  expect(sent).toEqual([]);
  expect(await theJob()).toMatchObject({ state: 'succeeded' });
});

test('an address that is refused for good is not tried again, and the workspace sees it', async () => {
  await invite();
  const refusing: MailPort = {
    send: async () => {
      throw new MailRefused(new Error('550 no such mailbox'));
    },
  };
  await work(refusing);
  expect(await theJob()).toMatchObject({ attempts: 1, errorCode: InternalError({}).code });
  const waiting = await world.db.read.$queryRaw`
    select 1 from pgboss.job where name = 'invitation.mail' and state < 'completed'`;
  expect(waiting).toEqual([]);
});

test('under another secret than the first attempt had, the token of the last mail is the good one', async () => {
  const person = await aPerson(world);
  await invite(person.email);
  await work(down, 'the secret of before');
  await nextAttempt();
  await work(up);
  const [before, now] = sent.map(tokenIn);
  expect(before).not.toBe(now);
  const accept = (token = '') => world.services.invitations.accept(person.scope, { token });
  await expect(accept(before)).rejects.toMatchObject({ code: 'workspace.invitation_refused' });
  expect((await accept(now)).id).toBe(tenant.id);
});

test('no request waits for the mail server: a worker alone speaks to it', async () => {
  let connections = 0;
  const silent = createServer(() => {
    connections += 1;
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo; // it listens on TCP
  const env = { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'no-reply@example.com' };
  const other = await createWorld({ databaseUrl: world.databaseUrl, env });
  try {
    const email = `guest-${unique()}@example.com`;
    await other.services.invitations.create(tenant.scope, { email, role: 'member' });
    expect(await theJob()).toMatchObject({ state: 'queued' });
    expect(connections).toBe(0);
  } finally {
    await other.close();
    silent.close();
  }
}, 8_000);
