import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const CLIENT = path.resolve(import.meta.dirname, '..');
const MODULES = path.resolve(CLIENT, '../../node_modules');
const TSC = path.join(MODULES, 'typescript/bin/tsc');

type Manifest = {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
};

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest; // npm's format

/** Runs a program to its end; throws with its output when it fails. */
export function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Builds the package from its sources and packs it as it would be published. Yields the unpacked folder and the
 * tarball.
 */
export function packClient(): { folder: string; tarball: string; scratch: string } {
  const scratch = mkdtempSync(path.join(tmpdir(), 'morket-client-'));
  const source = path.join(scratch, 'source');
  mkdirSync(source);
  for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(path.join(CLIENT, file), path.join(source, file));
  run(
    process.execPath,
    [TSC, '--singleThreaded', '-p', path.join(CLIENT, 'tsconfig.json'), '--outDir', path.join(source, 'dist')],
    CLIENT,
  );
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch], source),
  ) as [
    { filename: string }, // one package is packed
  ];
  const tarball = path.join(scratch, packed.filename);
  run('tar', ['-xzf', tarball], scratch);
  return { folder: path.join(scratch, 'package'), tarball, scratch };
}

/**
 * A project of somebody else, with the packed client and nothing but what it and its dependencies declare: copies,
 * because a link would find the rest of this repository's packages.
 */
export function makeForeignProject(scratch: string, packed: string): { folder: string; installed: string[] } {
  const folder = path.join(scratch, 'foreign');
  const installed = new Map<string, string>([['@morket/client', packed]]);
  for (const [name, from] of installed) {
    const { dependencies = {}, peerDependencies = {} } = readManifest(from);
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (needed !== 'typescript' && !installed.has(needed)) installed.set(needed, path.join(MODULES, needed));
    }
    cpSync(from, path.join(folder, 'node_modules', name), { recursive: true, dereference: true });
  }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'foreign', type: 'module', private: true }));
  return { folder, installed: [...installed.keys()] };
}

/** Compiles one file strictly in a folder; yields tsc's complaints, empty when there are none. */
export function compile(folder: string, file: string, options: Readonly<Record<string, unknown>> = {}): string {
  const config = {
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      target: 'es2022',
      module: 'nodenext',
      types: [],
      skipLibCheck: true,
      outDir: 'out',
      ...options,
    },
    files: [file],
  };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  if (!existsSync(path.join(folder, file))) throw new Error(`${file} is missing.`);
  return spawnSync(process.execPath, [TSC, '--singleThreaded', '--pretty', 'false', '-p', folder], { encoding: 'utf8' })
    .stdout;
}
