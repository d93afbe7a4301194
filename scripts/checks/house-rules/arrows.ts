import { type Import, isProduct, isTest, packageOf, type Target } from './imports.ts';

type Arrows = {
  /** Our packages it may import; 'all' leaves out only `testing`, which no product code imports. */
  readonly ours: readonly string[] | 'all';
  /** Other people's packages it may import; absent: any. A name ending in `/` allows the whole scope. */
  readonly external?: readonly string[];
  /** Files that may use Node's own modules although `external` is closed. */
  readonly nodeIn?: RegExp;
  readonly why: string;
};

/** The house of docs/architecture.md: who may import whom. A new package states its arrows here before its first import. */
const ARROWS: Readonly<Record<string, Arrows>> = {
  contract: {
    ours: [],
    external: ['zod'],
    why: 'contract runs in browsers and belongs to everyone: it imports zod alone',
  },
  db: { ours: ['contract'], why: 'db knows the contract and no rules' },
  domain: { ours: ['db', 'contract'], why: 'domain stands on db and contract; transports stand on it' },
  rpc: { ours: ['domain', 'contract'], why: 'a transport reaches data through domain services, never through db' },
  rest: { ours: ['rpc', 'contract'], why: 'REST is derived from the router and knows nothing behind it' },
  client: {
    ours: [],
    external: ['@trpc/', 'superjson'],
    nodeIn: /^packages\/client\/src\/node[./]/,
    why: 'the published client carries no server code: its types of the router are generated, its entry runs in browsers',
  },
  cli: { ours: ['client'], why: 'the command is a user of the client' },
  'apps/api': { ours: 'all', why: 'the process wires everything but the test kit' },
  'apps/worker': { ours: 'all', why: 'the process wires everything but the test kit' },
  'apps/web': { ours: ['client', 'contract'], why: 'the web app is a user of the client' },
};

const TEST_LIBRARIES = new Set(['vitest', 'fast-check', 'playwright-core']);

/** Why an import goes against the arrows, or null when it goes along them. What does not ship may reach anything by package name. */
export function arrowViolation(file: string, { target, specifier }: Import): { rule: string; why: string } | null {
  const owner = packageOf(file);
  if (owner === null) return null;
  if (target.kind === 'file' && packageOf(target.path) !== owner) {
    return { rule: 'package-boundary', why: `${specifier} leaves the package; import the other one by its name` };
  }
  if (!isProduct(file)) return null;
  if (isTestOnly(target)) {
    return { rule: 'test-only', why: `${specifier} belongs to tests; product code would ship it` };
  }
  return ownArrowViolation(file, owner, target) ?? moduleViolation(file, target);
}

function isTestOnly(target: Target): boolean {
  if (target.kind === 'ours') return target.name === 'testing';
  if (target.kind === 'external') return TEST_LIBRARIES.has(target.name);
  return target.kind === 'file' && isTest(target.path);
}

function ownArrowViolation(file: string, owner: string, target: Target): { rule: string; why: string } | null {
  const arrows = ARROWS[owner];
  if (!arrows) return { rule: 'arrows', why: `${owner} has no entry in scripts/checks/house-rules/arrows.ts` };
  const { ours, external, nodeIn, why } = arrows;
  const allowed =
    target.kind === 'file' ||
    (target.kind === 'ours' && (ours === 'all' || target.name === owner || ours.includes(target.name))) ||
    (target.kind === 'node' && (!external || nodeIn?.test(file) === true)) ||
    (target.kind === 'external' &&
      (!external ||
        external.some((name) => (name.endsWith('/') ? target.name.startsWith(name) : target.name === name))));
  return allowed ? null : { rule: 'arrows', why };
}

/** Inside domain a module sees of another one only what its index.ts offers. */
function moduleViolation(file: string, target: Target): { rule: string; why: string } | null {
  if (target.kind !== 'file') return null;
  const [from, to] = [domainModule(file), domainModule(target.path)];
  if (to === null || from === to || target.path === `packages/domain/src/${to}/index.ts`) return null;
  return {
    rule: 'domain-module',
    why: `${to} is another module: import ../${to}/index.ts, or offer there what is needed`,
  };
}

/** The module folder of a domain file, or null for files that belong to no module. */
function domainModule(file: string): string | null {
  return /^packages\/domain\/src\/([^/]+)\//.exec(file)?.[1] ?? null;
}
