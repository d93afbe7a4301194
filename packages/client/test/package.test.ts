import { cpSync, globSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, expect, test } from 'vitest';
import { compile, makeForeignProject, packClient, run } from './foreign-project.ts';

const MAX_GZIP_BYTES = 15_000;
const SERVER_PACKAGES = /\b(?:zod|prisma|fastify|@morket\/(?!client\b)\w+)/i;

const packed = packClient();
const foreign = makeForeignProject(packed.scratch, packed.folder);
for (const file of globSync('foreign/*.ts', { cwd: import.meta.dirname })) {
  cpSync(path.join(import.meta.dirname, file), path.join(foreign.folder, path.basename(file)));
}
afterAll(() => rmSync(packed.scratch, { recursive: true }));

const ATTW = path.resolve(import.meta.dirname, '../../../node_modules/@arethetypeswrong/cli/dist/index.js');

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

test('a wrong input is refused at compile time, at its place', () => {
  expect(compile(foreign.folder, 'wrong-input.ts')).toMatch(
    /wrong-input\.ts\(4,\d+\): error TS2322: Type 'number' is not assignable to type 'string'/,
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
  const report = run(process.execPath, [ATTW, '--profile', 'esm-only', '--no-emoji', packed.tarball], packed.scratch);
  expect(report).toContain('@morket/client/node');
});

test('the main entry needs no types of Node', () => {
  const project = path.resolve(import.meta.dirname, '../tsconfig.browser.json');
  const tsc = path.resolve(import.meta.dirname, '../../../node_modules/typescript/bin/tsc');
  expect(run(process.execPath, [tsc, '--singleThreaded', '--pretty', 'false', '-p', project], packed.scratch)).toBe('');
});

test('all of the main entry with all it needs is at most 15 kB for a browser', async () => {
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
