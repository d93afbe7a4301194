/** One entry of package-lock.json, in the parts the gates look at. */
type LockEntry = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
};

/** The `packages` of package-lock.json, by place in the tree. */
export type LockPackages = Readonly<Record<string, LockEntry>>;

/** What security/minimum-versions.json holds; each `why` is shown when the gate closes. */
export type VersionPolicy = {
  readonly minimum: Readonly<Record<string, { readonly version: string; readonly why: string }>>;
  readonly forbidden: Readonly<Record<string, string>>;
  /**
   * Packages that must not be there twice: their types or classes would not match each other. A name that ends in
   * `/*` stands for each package of the scope, all at one version.
   */
  readonly single: readonly string[];
};

const INSTALLED = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/;

/** Problems of the lock file's sources: no package without a strong hash, none from outside the registry. */
export function lockProblems(packages: LockPackages): string[] {
  return Object.entries(packages).flatMap(([place, entry]) => {
    if (!INSTALLED.test(place) || entry.link) return [];
    const problems: string[] = [];
    if (!entry.integrity?.startsWith('sha512-')) problems.push(`package-lock.json: ${place} has no sha512 integrity`);
    if (entry.resolved && !/^https:\/\/registry\.npmjs\.org\//.test(entry.resolved)) {
      problems.push(`package-lock.json: ${place} comes from ${entry.resolved}, not from the registry`);
    }
    return problems;
  });
}

/** Problems of the locked versions against the policy: too old, forbidden, or there more than once. */
export function versionProblems(packages: LockPackages, policy: VersionPolicy): string[] {
  const versions = installedVersions(packages);
  const problems: string[] = [];
  for (const [name, { version, why }] of Object.entries(policy.minimum)) {
    for (const found of versions.get(name) ?? []) {
      if (compareVersions(found, version) < 0) problems.push(`${name} ${found} is older than ${version}: ${why}`);
    }
  }
  for (const [name, why] of Object.entries(policy.forbidden)) {
    if (versions.has(name)) problems.push(`${name} is forbidden: ${why}`);
  }
  for (const name of policy.single) {
    const matches = [...versions].filter(([found]) =>
      name.endsWith('/*') ? found.startsWith(name.slice(0, -1)) : found === name,
    );
    const found = [...new Set(matches.flatMap(([, list]) => [...list]))];
    if (found.length > 1)
      problems.push(`${name} is there in ${found.length} versions (${found.join(', ')}); one is allowed`);
  }
  return problems;
}

function installedVersions(packages: LockPackages): Map<string, Set<string>> {
  const versions = new Map<string, Set<string>>();
  for (const [place, { version, link }] of Object.entries(packages)) {
    const name = INSTALLED.exec(place)?.[1];
    if (!name || !version || link) continue;
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  return versions;
}

/** Negative when `a` is older; a prerelease is older than its release, and two of them compare by their text. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  for (const index of [0, 1, 2]) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.prerelease === right.prerelease) return 0;
  if (left.prerelease === '') return 1;
  return right.prerelease === '' ? -1 : left.prerelease.localeCompare(right.prerelease, 'en', { numeric: true });
}

function parse(version: string) {
  const [release = '', ...prerelease] = (version.split('+')[0] ?? '').split('-');
  return { numbers: release.split('.').map(Number), prerelease: prerelease.join('-') };
}
