import { isProduct, isTest, packageOf } from './imports.ts';
import type { Views } from './views.ts';

type Ban = {
  readonly rule: string;
  /** What must not appear, searched in the named view of each file. */
  readonly pattern: RegExp;
  readonly view: keyof Views;
  readonly where: (file: string) => boolean;
  readonly why: string;
};

const everywhere = () => true;
/** Packages that run in a browser or on a caller's machine; randomness there guards nothing. */
const CALLER_SIDE = new Set(['client', 'cli', 'apps/web']);
const isServer = (file: string) => isProduct(file) && !CALLER_SIDE.has(packageOf(file) ?? '');
const isComposition = (file: string) => /^apps\/[^/]+\/src\/compose[^/]*(?:\/|\.ts$)/.test(file);

/** What no file may say, wherever `where` holds. */
export const BANS: readonly Ban[] = [
  {
    rule: 'raw-sql',
    pattern: /\$(?:query|execute)RawUnsafe\b/g,
    view: 'bare',
    where: everywhere,
    why: 'text becomes SQL; use the tagged $queryRaw, whose values are parameters',
  },
  {
    rule: 'raw-sql',
    pattern: /\bPrisma\s*\.\s*raw\s*\(/g,
    view: 'bare',
    where: everywhere,
    why: 'pick identifiers from a table of Prisma.sql fragments',
  },
  {
    rule: 'eval',
    pattern: /(?<![\w$.])eval\s*\(|\bnew\s+Function\s*\(/g,
    view: 'bare',
    where: everywhere,
    why: 'text becomes code',
  },
  {
    rule: 'shell',
    pattern: /\bshell\s*:\s*true\b/g,
    view: 'bare',
    where: everywhere,
    why: 'arguments become commands; pass them as an array without a shell',
  },
  {
    rule: 'math-random',
    pattern: /\bMath\s*\.\s*random\s*\(/g,
    view: 'bare',
    where: isServer,
    why: 'it is predictable and cannot be seeded; use node:crypto, or a source passed in as a dependency',
  },
  {
    rule: 'as-any',
    pattern: /\bas\s+any\b/g,
    view: 'bare',
    where: everywhere,
    why: 'it ends type checking for all that follows; narrow it',
  },
  {
    rule: 'ts-ignore',
    pattern: /@ts-(?:ignore|nocheck)\b/g,
    view: 'comments',
    where: everywhere,
    why: 'it hides every error; @ts-expect-error hides one',
  },
  {
    rule: 'unfinished',
    pattern: /\b(?:TODO|FIXME|XXX)\b/g,
    view: 'comments',
    where: everywhere,
    why: 'finish it, or file it where work is planned',
  },
  {
    rule: 'switched-off-test',
    pattern: /(?<![\w$.])(?:it|test|describe|suite|bench)(?:\s*\.\s*\w+)*\s*\.\s*(?:only|skip|todo)\b/g,
    view: 'bare',
    where: isTest,
    why: 'the run would pass without it; skipIf with a stated condition is allowed',
  },
  {
    rule: 'sleeping-test',
    pattern: /(?<![\w$.])(?:setTimeout|sleep)\s*\(/g,
    view: 'bare',
    where: isTest,
    why: 'it is slow or flaky; wait with vi.waitFor, an event or a fake clock',
  },
  {
    rule: 'test-branch',
    pattern: /\bNODE_ENV\b['"\]\s]*[!=]==?\s*['"`]test\b/g,
    view: 'code',
    where: everywhere,
    why: 'what is tested must be what runs; inject the difference',
  },
  {
    rule: 'service-construction',
    pattern: /(?<!function\s+)\bcreate[A-Z]\w*Service\s*(?:<[^>()]*>)?\(/g,
    view: 'bare',
    where: (file) => isProduct(file) && !isComposition(file),
    why: 'services are wired in apps/*/src/compose*.ts alone; take this one as a dependency',
  },
  {
    rule: 'bare-transaction',
    pattern: /\.\s*\$transaction\s*\(/g,
    view: 'bare',
    where: (file) => isProduct(file) && packageOf(file) !== 'db',
    why: 'db.transaction retries and brands its handle; the client of Prisma does neither',
  },
];

const MEANINGLESS_NAME =
  /(?:^|[/.-])(?:utils?|helpers?|misc|managers?)(?:\.[\w.-]+)?$|(?:^|\/)(?:common(?:\.[\w.-]+)?$|(?:utils?|helpers?|common|misc|managers?)\/)/;

/** Whether a path says nothing of what it holds, so that everything ends up in it. */
export function hasMeaninglessName(file: string): boolean {
  return MEANINGLESS_NAME.test(file);
}
