import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, expect, test, vi } from 'vitest';
import { compile, makeForeignProject, packClient, run } from './foreign-project.ts';

// Several tests run compilers, which a busy machine makes slow.
vi.setConfig({ testTimeout: 60_000 });

const MAX_GZIP_BYTES = 17_000;
const SERVER_PACKAGES = /\b(?:zod|prisma|fastify|@morket\/(?!client\b)\w+)/i;

const packed = packClient();
const foreign = makeForeignProject(packed.scratch, packed.folder);
for (const example of [
  new URL('./foreign/strict-example.ts', import.meta.url),
  new URL('./foreign/raw-client.ts', import.meta.url),
]) {
  cpSync(example, path.join(foreign.folder, path.basename(example.pathname)));
}
afterAll(() => rmSync(packed.scratch, { recursive: true }));

test('the foreign project has what the package declares, and no server library among it', () => {
  expect(foreign.installed.sort()).toEqual([
    '@morket/client',
    '@trpc/client',
    '@trpc/server',
    'copy-anything',
    'superjson',
  ]);
});

test.each([
  ['nodenext', {}],
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler' }],
])('a strict example compiles there for %s', (_name, options) => {
  expect(compile(foreign.folder, 'strict-example.ts', options)).toBe('');
  expect(compile(foreign.folder, 'raw-client.ts', options)).toBe('');
});

test('its declarations pass a check of the libraries, of which only those of tRPC do not', () => {
  const complaints = compile(foreign.folder, 'strict-example.ts', { skipLibCheck: false }).trim().split('\n');
  expect(complaints.filter((line) => line !== '' && !line.includes('/node_modules/@trpc/'))).toEqual([]);
});

test('both entries load and work in plain Node there', () => {
  const program = `
    import { createMorket, isMorketError } from '@morket/client';
    import { fileTokens } from '@morket/client/node';
    const morket = createMorket({ url: 'http://127.0.0.1:9', tokens: fileTokens('tokens.json'), maxRetries: 0 });
    const { error } = await morket.safe(morket.health.live.query());
    console.log(isMorketError(error, 'client.connection'), await morket.session.userId());`;
  expect(run(process.execPath, ['--input-type=module', '-e', program], foreign.folder)).toBe('true null\n');
});

test('a wrong input is refused at compile time, at its place', () => {
  const source = `import { createMorket } from '@morket/client';
const morket = createMorket({ url: 'https://api.example.com' });
export const answer = morket.workspace.create.mutate({ name: 42 });
`;
  writeFileSync(path.join(foreign.folder, 'wrong-input.ts'), source);
  expect(compile(foreign.folder, 'wrong-input.ts')).toMatch(
    /wrong-input\.ts\(3,\d+\): error TS2322: Type 'number' is not assignable to type 'string'/,
  );
});

test('what is published names no server library', () => {
  const files = globSync('dist/**/*', { cwd: packed.folder, withFileTypes: true }).filter((entry) => entry.isFile());
  const guilty = files.filter((entry) =>
    SERVER_PACKAGES.test(readFileSync(path.join(entry.parentPath, entry.name), 'utf8')),
  );
  expect(files.length).toBeGreaterThan(20);
  expect(guilty.map(({ name }) => name)).toEqual([]);
});

test('the tarball holds the build, the manifest, the readme and the licence', () => {
  const top = globSync('*', { cwd: packed.folder }).sort();
  expect(top).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
});

test('publint finds nothing', async () => {
  const { messages, pkg } = await publint({ pkgDir: packed.folder, pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test('attw finds nothing', () => {
  // It ends with a failure when a resolution that ESM has yields no types, or wrong ones.
  const client = path.resolve(import.meta.dirname, '..');
  const report = run('npm', ['run', '--silent', 'check:types-resolve', '--', packed.tarball], client);
  expect(report).toContain('@morket/client/node');
});

test('all of the main entry with all it needs is at most 17 kB for a browser', async () => {
  const { outputFiles } = await build({
    stdin: { contents: "export * from '@morket/client';", resolveDir: foreign.folder },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
  expect(bytes).toBeGreaterThan(5_000);
  expect(bytes).toBeLessThanOrEqual(MAX_GZIP_BYTES);
});
