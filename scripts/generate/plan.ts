import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { GeneratedFile, Generator } from '../generators.ts';

/** What running the generators would do to the checkout. Paths are relative to the root. */
export type GenerationPlan = {
  readonly changed: readonly GeneratedFile[];
  /** Files in an owned folder that its generator does not make. */
  readonly leftOver: readonly string[];
  readonly total: number;
};

/** Runs every generator and compares with what stands on disk; throws when two of them claim one file. */
export async function planGeneration(generators: readonly Generator[], root: string): Promise<GenerationPlan> {
  const made = new Map<string, GeneratedFile>();
  const changed: GeneratedFile[] = [];
  const present: string[] = [];
  for (const { name, run, owns } of generators) {
    for (const file of await run()) {
      if (made.has(file.path))
        throw new Error(`Generator ${name} makes ${file.path}, which another one makes already.`);
      made.set(file.path, file);
      const current = await readFile(path.join(root, file.path), 'utf8').catch(() => null);
      if (current !== file.text) changed.push(file);
    }
    if (owns) present.push(...(await filesBelow(root, owns)));
  }
  return { changed, leftOver: present.filter((file) => !made.has(file)), total: made.size };
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(path.join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
}
