import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { useWorld } from '@morket/testing';
import { beforeAll, expect, test } from 'vitest';

const world = useWorld();
let origin: string;
beforeAll(async () => {
  origin = await world.app.listen({ port: 0, host: '127.0.0.1' });
});

async function run(command: string, file: string, url = origin) {
  const child = spawn(command, [file], { cwd: import.meta.dirname, env: { ...process.env, MORKET_URL: url } });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { output, errors, code };
}

test('the tour through the typed client comes to its end', async () => {
  const { output, errors, code } = await run(process.execPath, 'quickstart.ts');
  expect(errors).toBe('');
  expect(output).toContain('one debit, the balance is 70');
  expect(output).toContain('Refused: 500 needed, 70 available (HTTP 402)');
  expect(output).toMatch(
    /-30 {2}Enriched 30 contacts, leaving 70\n.* 100 {2}First top-up, leaving 100\nSigned out\.\n$/,
  );
  expect(code).toBe(0);
});

test('the tour by curl comes to its end', async () => {
  const { output, errors, code } = await run('sh', 'quickstart.sh');
  expect(errors).toBe('');
  expect(output).toContain('one debit, the balance is 70');
  expect(output).toContain('Refused: 500 needed, 70 available (HTTP 402)');
  expect(output).toMatch(/Signed out; the access token is refused from now on\.\n$/);
  expect(code).toBe(0);
});

test.each([
  [process.execPath, 'quickstart.ts'],
  ['sh', 'quickstart.sh'],
])('without a server, %s %s says so and fails', async (command, file) => {
  const { errors, code } = await run(command, file, 'http://127.0.0.1:9');
  expect(errors).toContain('There is no server at http://127.0.0.1:9');
  expect(code).toBe(1);
});
