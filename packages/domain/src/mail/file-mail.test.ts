import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileMail } from './file-mail.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'morket-mail-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('each message is a file of its own, in the order of sending, that nobody else can read', async () => {
  const directory = join(root, 'mail');
  const mail = createFileMail(directory);
  for (const subject of ['first', 'second'])
    await mail.send({ to: 'ada@example.com', subject, text: 'Hello.\n\nA token.' });
  const names = (await readdir(directory)).sort();
  const messages = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  expect(messages.map((message) => /^Subject: (.*)$/m.exec(message)?.[1])).toEqual(['first', 'second']);
  expect(messages[0]).toMatch(
    /^To: ada@example\.com\nSubject: first\nDate: .* GMT\nMessage-ID: <[0-9a-f-]{36}@morket>\n\nHello\.\n\nA token\.\n$/,
  );
  for (const name of names) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});

test('many at once lose none', async () => {
  const mail = createFileMail(root);
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => mail.send({ to: 'ada@example.com', subject: `${index}`, text: 'x' })),
  );
  expect(await readdir(root)).toHaveLength(20);
});
