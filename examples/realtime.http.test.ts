import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { useWorld } from '@morket/testing';
import { expect, test } from 'vitest';

const world = useWorld();

test('the example of docs/realtime.md does what it says', async () => {
  const origin = await world.app.listen({ port: 0, host: '127.0.0.1' });
  const page = await readFile(new URL('../docs/realtime.md', import.meta.url), 'utf8');
  const [, code = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const program = code.replace('http://localhost:3000', origin);
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(output).toBe('billing.credited 100\n');
  expect(exitCode).toBe(0);
});
