import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../ids/index.ts';
import type { Mail, MailPort } from './mail.port.ts';

/** Writes each message to a file of its own in `directory`: the outbox of a machine without a mail server. */
export function createFileMail(directory: string): MailPort {
  async function send({ to, subject, text, id = newId() }: Mail): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const head = [
      `To: ${to}`,
      `Subject: ${subject}`,
      `Date: ${new Date().toUTCString()}`,
      `Message-ID: <${id}@morket>`,
    ];
    const message = [...head, '', text, ''].join('\n');
    await writeFile(join(directory, `${newId()}.txt`), message, { mode: 0o600, flag: 'wx' });
  }
  return { send };
}
