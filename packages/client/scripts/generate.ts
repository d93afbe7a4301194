import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { errorTypes } from './error-types.ts';
import { procedureLists } from './procedure-lists.ts';
import { standaloneRouter } from './router-declaration.ts';

/** A committed file; `path` is relative to the root of the repository. */
export type ClientSource = { readonly path: string; readonly text: string };

const ROOT = path.resolve(import.meta.dirname, '../../..');
const ROUTER = 'packages/rpc/src/router.ts';
const GENERATED = 'packages/client/src/generated';

/** The router's type without server code. Throws when `packages/rpc` does not compile. */
export async function routerSource(): Promise<ClientSource[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'morket-router-'));
  try {
    const project = path.join(folder, 'tsconfig.json');
    await writeFile(project, JSON.stringify(declarationProject(folder)));
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const { status, stdout } = spawnSync(
      process.execPath,
      [tsc, '--singleThreaded', '--pretty', 'false', '-p', project],
      {
        cwd: ROOT,
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`The router does not compile:\n${stdout}`);
    const declaration = await readFile(path.join(folder, ROUTER.replace(/\.ts$/, '.d.ts')), 'utf8');
    return [{ path: `${GENERATED}/router.ts`, text: standaloneRouter(declaration) }];
  } finally {
    await rm(folder, { recursive: true });
  }
}

const declarationProject = (outDir: string) => ({
  extends: path.join(ROOT, 'tsconfig.json'),
  compilerOptions: {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: ROOT,
    outDir,
    typeRoots: [path.join(ROOT, 'node_modules/@types')],
  },
  files: [path.join(ROOT, ROUTER)],
  include: [],
  exclude: [],
});

/** The types of the errors' details. */
export async function errorSource(): Promise<ClientSource[]> {
  return [{ path: `${GENERATED}/errors.ts`, text: errorTypes() }];
}

/** Which procedures take no token. */
export async function procedureSource(): Promise<ClientSource[]> {
  return [{ path: `${GENERATED}/procedures.ts`, text: procedureLists() }];
}

/** Every generated source of the client; nothing else stands in `packages/client/src/generated`. */
export async function clientSources(): Promise<ClientSource[]> {
  return [...(await routerSource()), ...(await errorSource()), ...(await procedureSource())];
}
