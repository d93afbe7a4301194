import path from 'node:path';
import type { Views } from './views.ts';

/** Where an import leads: a file of the checkout, one of our packages by name, Node itself, or somebody else's package. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'ours'; readonly name: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'external'; readonly name: string };

export type Import = { readonly specifier: string; readonly offset: number; readonly target: Target };

/** `import … from`, `export … from`, `import '…'`; the blanked specifier is the last group. */
const STATIC_IMPORT = /(?<![\w$.])(?:import|export)\b(?:[^'"`;()]*?\bfrom)?\s*(['"])( *)\1/g;
const DYNAMIC_IMPORT = /(?<![\w$.])(?:import|require)\s*\(\s*(['"`])( *)\1/g;

/** Every import of a source, type-only ones included: a type drags its package into the declarations as well. */
export function importsOf(file: string, text: string, views: Views): Import[] {
  const found = [STATIC_IMPORT, DYNAMIC_IMPORT].flatMap((pattern) => [...views.bare.matchAll(pattern)]);
  return found.map((match) => {
    const end = match.index + match[0].lastIndexOf(match[1] ?? '');
    const specifier = text.slice(end - (match[2] ?? '').length, end);
    return { specifier, offset: end, target: resolve(file, specifier) };
  });
}

function resolve(file: string, specifier: string): Target {
  if (specifier.startsWith('.')) {
    return { kind: 'file', path: path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier)) };
  }
  if (specifier.startsWith('node:')) return { kind: 'node', name: specifier.slice('node:'.length) };
  const [first = '', second = ''] = specifier.split('/');
  if (first === '@morket') return { kind: 'ours', name: second };
  return { kind: 'external', name: first.startsWith('@') ? `${first}/${second}` : first };
}

/** The package a path belongs to: `db` for `packages/db/…`, `apps/api` for `apps/api/…`, null outside of both. */
export function packageOf(file: string): string | null {
  const [folder, name] = file.split('/');
  if (!name) return null;
  if (folder === 'packages') return name;
  return folder === 'apps' ? `apps/${name}` : null;
}

/** Tests and the support files that stand in a `test` folder. */
export function isTest(file: string): boolean {
  return /\.(?:test|test-d)\.tsx?$/.test(file) || /^(?:packages|apps)\/[^/]+\/test\//.test(file);
}

/** Code that ships: the `src` of a package or app, but for tests and the test kit. Build scripts beside it do not. */
export function isProduct(file: string): boolean {
  return /^(?:packages|apps)\/[^/]+\/src\//.test(file) && packageOf(file) !== 'testing' && !isTest(file);
}
