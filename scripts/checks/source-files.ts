import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What no check looks at: installed, generated or built; the same list as .gitignore, and the client's generated types. */
const EXCLUDED_FOLDERS = new Set([
  '.git',
  '.morket',
  '.turbo',
  'coverage',
  'dist',
  'generated',
  'generated-prisma',
  'node_modules',
]);

/** One text file of the checkout; `path` is relative to the root, with forward slashes. */
export type Source = { readonly path: string; readonly text: string };

/** Paths of the checkout's own files that match a glob, sorted; works with and without a git history. */
export function listFiles(root: string, pattern: string): string[] {
  const found = globSync(pattern, {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => EXCLUDED_FOLDERS.has(entry.name),
  });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** Reads what `listFiles` finds; meant for text. */
export function readSources(root: string, pattern: string): Source[] {
  return listFiles(root, pattern).map((file) => ({ path: file, text: readFileSync(path.join(root, file), 'utf8') }));
}
