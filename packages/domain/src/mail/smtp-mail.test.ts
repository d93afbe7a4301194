import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import { MailRefused } from './mail.port.ts';
import { createSmtpMail } from './smtp-mail.ts';

type Received = { readonly from: string; readonly to: string[]; readonly raw: string };

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** A mail server that keeps what it gets, or refuses recipients. */
async function aServer(options: { readonly refuse?: 'for now' | 'for good' } = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo: (_address, _session, done) => {
      const responseCode = options.refuse === 'for now' ? 451 : 550;
      done(options.refuse ? Object.assign(new Error('no such mailbox'), { responseCode }) : null);
    },
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        received.push({ from, to, raw: Buffer.concat(chunks).toString() });
        done();
      });
    },
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo; // it listens on TCP
  open.push(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const mail = createSmtpMail({ url: `smtp://127.0.0.1:${port}`, from: 'Morket <no-reply@mail.example.com>' });
  open.push(mail.close);
  return { received, mail, port };
}

const message = { to: 'ada@example.com', subject: 'Grüße', text: 'Hello.\n\n.\n\nBye.' };

test('a message arrives whole, with an id of its own, and says that a machine sent it', async () => {
  const { received, mail } = await aServer();
  const id = '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40';
  await mail.send({ ...message, id });
  await mail.send(message);
  expect(received.map(({ from, to }) => ({ from, to }))).toEqual([
    { from: 'no-reply@mail.example.com', to: ['ada@example.com'] },
    { from: 'no-reply@mail.example.com', to: ['ada@example.com'] },
  ]);
  const [first = '', second = ''] = received.map(({ raw }) => raw);
  expect(first).toContain(`Message-ID: <${id}@mail.example.com>`);
  expect(second).toMatch(/Message-ID: <[0-9a-f-]{36}@mail\.example\.com>/);
  expect(second).not.toContain(id);
  expect(first).toContain('Auto-Submitted: auto-generated');
  expect(first).toContain('From: Morket <no-reply@mail.example.com>');
  expect(first.split('\r\n\r\n').slice(1).join('\n\n')).toContain('Hello.\n\n.\n\nBye.');
});

test('an address that looks like two goes to nobody else', async () => {
  const { received, mail } = await aServer();
  await mail.send({ ...message, to: 'ada@example.com, eve@example.com' }).catch(() => undefined);
  expect(received.flatMap(({ to }) => to)).not.toContain('eve@example.com');
});

test.each([
  ['address', { ...message, to: 'ada@example.com\r\nBcc: eve@example.com' }],
  ['subject', { ...message, subject: 'Hello\nBcc: eve@example.com' }],
])('a line break in the %s is refused', async (name, bad) => {
  const { received, mail } = await aServer();
  await expect(mail.send(bad)).rejects.toThrow(`The ${name} of a mail must be one line`);
  expect(received).toEqual([]);
});

test('what the server refuses is a failure: for good where it says so', async () => {
  const [passing, final] = [await aServer({ refuse: 'for now' }), await aServer({ refuse: 'for good' })];
  const [now, ever] = await Promise.all(
    [passing, final].map(({ mail }) => mail.send(message).catch((err: unknown) => err)),
  );
  expect(String(now)).toContain('no such mailbox');
  expect(now).not.toBeInstanceOf(MailRefused);
  expect(ever).toBeInstanceOf(MailRefused);
  expect(ever instanceof Error && String(ever.cause)).toContain('no such mailbox');
});

test('a server that is gone, or that refuses the login, may come round', async () => {
  const gone = createSmtpMail({ url: 'smtp://127.0.0.1:1', from: 'no-reply@example.com' });
  open.push(gone.close);
  await expect(gone.send(message)).rejects.toThrow('ECONNREFUSED');
  const { port } = await aServer();
  const stranger = createSmtpMail({ url: `smtp://ada:wrong@127.0.0.1:${port}`, from: 'no-reply@example.com' });
  open.push(stranger.close);
  const err = await stranger.send(message).catch((caught: unknown) => caught);
  expect(err).toMatchObject({ code: 'EAUTH' });
  expect(err).not.toBeInstanceOf(MailRefused);
});

test('a server that says nothing holds nobody up who closes', async () => {
  const server = createServer();
  const greeted = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => void server.close());
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const mail = createSmtpMail({ url: `smtp://127.0.0.1:${port}`, from: 'no-reply@example.com' });
  const failure = mail.send(message).catch((err: unknown) => err);
  const [socket]: Socket[] = await greeted;
  open.push(() => void socket?.destroy());
  mail.close();
  expect(await failure).toBeInstanceOf(Error);
}, 3_000);
