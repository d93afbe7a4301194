import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { anApiKey, aTenant, useWorld } from '@morket/testing';
import { beforeAll, expect, test } from 'vitest';

const world = useWorld();
let origin: string;
beforeAll(async () => {
  origin = await world.app.listen({ port: 0, host: '127.0.0.1' });
});

async function block(language: 'ts' | 'sh', mark: string): Promise<string> {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const blocks = [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  );
  const found = blocks.find((code) => code.includes(mark));
  if (found === undefined) throw new Error(`README.md has no ${language} block with ${mark}.`);
  return found.replaceAll('http://localhost:3000', origin);
}

function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

test('the TypeScript of the README does what it says', async () => {
  const { code, output } = await run(process.execPath, [
    '--input-type=module-typescript',
    '-e',
    await block('ts', 'createMorket'),
  ]);
  expect(output).toContain('needs 500, has 70');
  expect(output).toMatch(/^\S+Z -30 70$/m);
  expect(output).toMatch(/^\S+Z 100 100$/m);
  expect(code).toBe(0);
});

test('the program of the README needs nothing but its key', async () => {
  const tenant = await aTenant(world, { credits: 975 });
  const { secret } = await anApiKey(world, tenant, { scopes: ['billing:read'] });
  const program = await block('ts', 'apiKey:');
  const args = ['--input-type=module-typescript', '-e', program];
  expect(await run(process.execPath, args, { MORKET_API_KEY: secret })).toEqual({ code: 0, output: '975 credits\n' });
});

test('the curl calls of the README do what they say', async () => {
  const { code, output } = await run('sh', ['-eu', '-c', await block('sh', '$BASE/auth/register')]);
  expect(JSON.parse(output)).toMatchObject({ success: true, data: { name: 'Analytical Engines', role: 'owner' } });
  expect(code).toBe(0);
});
