/** The parts of a package.json that bring in other packages. */
export type Manifest = {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly overrides?: unknown;
};

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/;

/** Dependencies of one package.json that are not pinned to one registry version, such as ranges, tags and git addresses. */
export function pinProblems(file: string, manifest: Manifest): string[] {
  const { dependencies, devDependencies, optionalDependencies, overrides } = manifest;
  const entries = [dependencies, devDependencies, optionalDependencies].flatMap((group) => Object.entries(group ?? {}));
  return [...entries, ...leaves(overrides)]
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => `${file}: ${name} is "${version}"; pin one exact version`);
}

/** Overrides nest to any depth; a `$name` refers to a dependency that is checked in its own place. */
function leaves(overrides: unknown): [string, string][] {
  if (typeof overrides !== 'object' || overrides === null) return [];
  return Object.entries(overrides).flatMap(([name, value]): [string, string][] => {
    if (typeof value !== 'string') return leaves(value);
    return value.startsWith('$') ? [] : [[name, value]];
  });
}
