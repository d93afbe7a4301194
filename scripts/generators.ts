/** One file that a generator answers for; `path` is relative to the root. */
export type GeneratedFile = { readonly path: string; readonly text: string };

/** Makes committed files from sources. It must give the same text for the same sources, on any machine and day. */
export type Generator = {
  readonly name: string;
  readonly run: () => Promise<readonly GeneratedFile[]>;
  /** Folder in which nothing but this generator's files may stand; what it no longer makes is removed. */
  readonly owns?: string;
};

/**
 * Every generator behind `npm run generate`. Import lazily, `run: async () => (await import('…')).pages()`, so that one
 * whose sources do not load leaves the others working.
 */
export const GENERATORS: readonly Generator[] = [
  { name: 'reference pages', run: async () => (await import('@morket/rest')).generatedDocuments() },
  {
    name: 'types of the client',
    run: async () => (await import('../packages/client/scripts/generate.ts')).clientSources(),
    owns: 'packages/client/src/generated',
  },
];
