import { createTransport } from 'nodemailer';
import { newId } from '../ids/index.ts';
import { type Mail, type MailPort, MailRefused } from './mail.port.ts';

/** For each of finding the server, reaching it and being greeted. */
const CONNECT_TIMEOUT_MS = 5_000;
/** For each answer of the server: a process that stops waits for the message under way. */
const SOCKET_TIMEOUT_MS = 15_000;
const MAX_CONNECTIONS = 4;

const isLoopback = (host: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(host);

/** A line break in a header would begin another one. */
function assertOneLine(value: string, name: string): void {
  if (/\p{Cc}/u.test(value)) throw new Error(`The ${name} of a mail must be one line without control characters.`);
}

/**
 * Whether the server said no to this recipient or this message (RFC 5321, 5yz), which it would again. A no to the login or to the sender is
 * about how mail is set up here, and may be mended.
 */
function isForGood(err: unknown): boolean {
  if (typeof err !== 'object' || err === null) return false;
  const { code, command, responseCode } = err as Partial<Record<string, unknown>>; // the fields of nodemailer's errors
  const isAboutMessage = code === 'EMESSAGE' || (code === 'EENVELOPE' && command === 'RCPT TO');
  return isAboutMessage && typeof responseCode === 'number' && responseCode >= 500;
}

/**
 * Sends through a mail server: `smtps://user:password@host:465`, or `smtp://…:587`, which goes over to TLS before it says a password.
 * `from` is an address with or without a name. Rejects when the server refuses or does not answer: with
 * `MailRefused` where it would refuse again. `close` ends what is under way too.
 */
export function createSmtpMail(options: { readonly url: string; readonly from: string }): MailPort & { close(): void } {
  const { hostname, username } = new URL(options.url);
  const transport = createTransport(
    {
      url: options.url,
      pool: true,
      maxConnections: MAX_CONNECTIONS,
      requireTLS: username !== '' && !isLoopback(hostname),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      dnsTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from: options.from },
  );
  const domain = /@([\w.-]+)>?$/.exec(options.from.trim())?.[1] ?? 'morket';

  async function send({ to, subject, text, id = newId() }: Mail): Promise<void> {
    assertOneLine(to, 'address');
    assertOneLine(subject, 'subject');
    const message = {
      // As an object: an address that looks like a list of several stays one.
      to: { name: '', address: to },
      subject,
      text,
      messageId: `<${id}@${domain}>`,
      // No holiday answer comes back to it (RFC 3834).
      headers: { 'Auto-Submitted': 'auto-generated' },
    };
    await transport.sendMail(message).catch((err: unknown) => {
      throw isForGood(err) ? new MailRefused(err) : err;
    });
  }

  return { send, close: () => transport.close({ force: true }) };
}
