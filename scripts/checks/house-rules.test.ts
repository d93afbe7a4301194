import { describe, expect, test } from 'vitest';
import { checkSource } from './house-rules/check-source.ts';
import { viewsOf } from './house-rules/views.ts';

const rulesOf = (path: string, text: string) => checkSource({ path, text }).map(({ rule }) => rule);

const DOMAIN = 'packages/domain/src/billing/billing.service.ts';
const API = 'apps/api/src/main.ts';
const TEST = 'packages/domain/src/billing/billing.service.db.test.ts';

describe('arrows', () => {
  test.each([
    ['packages/contract/src/billing/billing.schema.ts', `import { z } from 'zod';`],
    ['packages/contract/src/billing/billing.schema.ts', `import { Money } from '../money/index.ts';`],
    [
      'packages/db/src/tx.ts',
      `import { x } from '@morket/contract/billing';\nimport pg from 'pg';\nimport fs from 'node:fs';`,
    ],
    [DOMAIN, `import type { Tx } from '@morket/db';\nimport { X } from '@morket/contract/billing';`],
    [DOMAIN, `import { find } from './billing.repo.ts';\nimport { audit } from '../audit/index.ts';`],
    ['packages/rpc/src/context.ts', `import { authorize } from '@morket/domain/access';`],
    ['packages/rest/src/routes.ts', `import { appRouter } from '@morket/rpc';`],
    [
      'packages/client/src/index.ts',
      `import { createTRPCClient } from '@trpc/client';\nimport superjson from 'superjson';`,
    ],
    ['packages/client/src/index.ts', `import type { AppRouter } from './generated/router.ts';`],
    ['packages/client/src/node.ts', `import { readFile } from 'node:fs/promises';`],
    ['packages/testing/src/app.ts', `import { appRouter } from '@morket/rpc';\nimport { expect } from 'vitest';`],
    ['packages/rpc/src/routers/billing.http.test.ts', `import { createTestDatabase } from '@morket/testing';`],
    [API, `import { createDb } from '@morket/db';`],
    ['packages/client/scripts/generate.ts', `import { manifest } from '@morket/rpc';\nimport fs from 'node:fs';`],
    ['scripts/generate.ts', `import { errorsPage } from '../packages/rpc/src/errors-page.ts';`],
  ])('%s may say %s', (path, text) => {
    expect(rulesOf(path, text)).toEqual([]);
  });

  test.each([
    ['packages/contract/src/billing/billing.schema.ts', `import { v7 } from 'uuid';`, 'arrows'],
    ['packages/contract/src/billing/billing.schema.ts', `import { randomUUID } from 'node:crypto';`, 'arrows'],
    ['packages/db/src/tx.ts', `import { authorize } from '@morket/domain/access';`, 'arrows'],
    [DOMAIN, `export { appRouter } from '@morket/rpc';`, 'arrows'],
    [DOMAIN, `import { find } from '../audit/audit.repo.ts';`, 'domain-module'],
    ['packages/rpc/src/context.ts', `import type { Db } from '@morket/db';`, 'arrows'],
    ['packages/rpc/src/context.ts', `type Db = import('@morket/db').Db;`, 'arrows'],
    ['packages/rest/src/routes.ts', `const access = await import('@morket/domain/access');`, 'arrows'],
    ['packages/client/src/index.ts', `import { errors } from '@morket/contract/errors';`, 'arrows'],
    ['packages/client/src/index.ts', `import { readFile } from 'node:fs/promises';`, 'arrows'],
    ['packages/rest/src/routes.ts', `import '../../db/src/tx.ts';`, 'package-boundary'],
    ['packages/db/src/tx.db.test.ts', `import { x } from '../../testing/src/index.ts';`, 'package-boundary'],
    ['apps/api/src/commands/dev.ts', `import { fake } from '@morket/testing';`, 'test-only'],
    [DOMAIN, `import fc from 'fast-check';`, 'test-only'],
    [DOMAIN, `import { sample } from './billing.model.prop.test.ts';`, 'test-only'],
    ['packages/novelty/src/index.ts', `import { createDb } from '@morket/db';`, 'arrows'],
  ])('%s may not say %s', (path, text, rule) => {
    expect(rulesOf(path, text)).toEqual([rule]);
  });
});

describe('bans', () => {
  test.each([
    [DOMAIN, 'await tx.$queryRawUnsafe(sql);', 'raw-sql'],
    [DOMAIN, 'await tx.$executeRawUnsafe<number>(sql);', 'raw-sql'],
    [DOMAIN, 'tx.$queryRaw`select ${Prisma.raw(column)}`;', 'raw-sql'],
    [API, 'eval(text);', 'eval'],
    [API, 'const f = new Function(text);', 'eval'],
    [API, `spawn('ls', [], { shell: true });`, 'shell'],
    [DOMAIN, 'const jitterMs = Math.random() * 100;', 'math-random'],
    [API, 'const x = y as any;', 'as-any'],
    [API, '// @ts-ignore', 'ts-ignore'],
    [API, '/* @ts-nocheck */', 'ts-ignore'],
    [API, `// ${'TO'}DO: finish`, 'unfinished'],
    [TEST, `describe.only('x', () => {});`, 'switched-off-test'],
    [TEST, `test.concurrent.skip('x', () => {});`, 'switched-off-test'],
    [TEST, 'await new Promise((done) => setTimeout(done, 10));', 'sleeping-test'],
    [TEST, 'await sleep(10);', 'sleeping-test'],
    [TEST, `import { setTimeout as delay } from 'node:timers/promises';`, 'sleeping-test'],
    [API, `if (env.NODE_ENV === 'test') return;`, 'test-branch'],
    [API, `if (process.env['NODE_ENV'] !== "test") return;`, 'test-branch'],
    [API, 'const billing = createBillingService({ db });', 'service-construction'],
    ['packages/rpc/src/context.ts', 'createBillingService<Db>({ db });', 'service-construction'],
    ['packages/rpc/src/context.ts', 'await client.$transaction(work);', 'bare-transaction'],
  ])('%s may not say %s', (path, text, rule) => {
    expect(rulesOf(path, text)).toEqual([rule]);
  });

  test.each([
    [DOMAIN, 'await tx.$queryRaw`select 1`;'],
    [DOMAIN, 'export function createBillingService(deps: Deps) {}'],
    [DOMAIN, 'type Billing = ReturnType<typeof createBillingService>;'],
    ['apps/api/src/compose.ts', 'const billing = createBillingService({ db });'],
    ['apps/worker/src/compose-jobs.ts', 'const billing = createBillingService({ db });'],
    ['packages/testing/src/app.ts', 'const billing = createBillingService({ db });'],
    [TEST, 'const billing = createBillingService({ db });'],
    [TEST, `test.skipIf(!chromium)('x', () => {});`],
    ['packages/client/src/retry.ts', 'const jitterMs = Math.random() * 100;'],
    ['packages/db/src/db.ts', 'await client.$transaction(work);'],
    [API, `if (env.NODE_ENV === 'production') harden();`],
    [API, `const status = 'TODO';`],
    [API, `log('never eval(text), shell: true, Math.random()'); // nor eval(text)`],
    [API, 'const words = /as any|eval(x)/;'],
  ])('%s may say %s', (path, text) => {
    expect(rulesOf(path, text)).toEqual([]);
  });
});

describe('transactions', () => {
  const call = 'return deps.db.transaction((tx) => repo.insert(tx, scope, input));';

  test('one that nothing records is refused', () => {
    expect(checkSource({ path: DOMAIN, text: `function create() {\n  ${call}\n}` })).toMatchObject([
      { line: 2, rule: 'record' },
    ]);
  });

  test('an explicit type argument hides nothing', () => {
    expect(rulesOf(DOMAIN, 'deps.db.transaction<Account>(work);')).toEqual(['record']);
    for (const opened of ['once(db, scope, work)', 'once<Account>(deps.db, scope, work)']) {
      expect(rulesOf(DOMAIN, `return ${opened};`)).toEqual(['record']);
    }
    expect(rulesOf(DOMAIN, "await once(server, 'listening');")).toEqual([]);
  });

  test('one in a file that records passes', () => {
    expect(rulesOf(DOMAIN, `${call}\nawait recordIn(tx, scope, event);`)).toEqual([]);
  });

  test('a comment that names the reason passes, also above a chained call', () => {
    expect(rulesOf(DOMAIN, `// no record: it only reads\n${call}`)).toEqual([]);
    expect(rulesOf(DOMAIN, `// no record: it only reads\nreturn deps.db\n  .transaction(work);`)).toEqual([]);
  });

  test('a comment without a reason, or elsewhere, does not', () => {
    expect(rulesOf(DOMAIN, `// no record:\n${call}`)).toEqual(['record']);
    expect(rulesOf(DOMAIN, `// no record: it only reads\n\n${call}`)).toEqual(['record']);
  });

  test('the word in a string or comment records nothing', () => {
    expect(rulesOf(DOMAIN, `${call}\nlog('record(x)'); // record(x)`)).toEqual(['record']);
  });

  test("outside domain it is nobody's verb", () => {
    expect(rulesOf('packages/db/src/tx.ts', call)).toEqual([]);
  });
});

describe('file names', () => {
  test.each([
    'packages/db/src/utils.ts',
    'packages/db/src/string-helpers.ts',
    'packages/db/src/common/ids.ts',
    'packages/db/src/misc.test.ts',
    'packages/rpc/src/session-manager.ts',
    'packages/rpc/src/date.util.ts',
  ])('%s says nothing', (path) => {
    expect(rulesOf(path, '')).toEqual(['file-name']);
  });

  test.each([
    'packages/domain/src/auth/common-passwords.ts',
    'packages/contract/src/roles/index.ts',
    'packages/db/src/commons.ts',
  ])('%s says something', (path) => {
    expect(rulesOf(path, '')).toEqual([]);
  });
});

describe('views', () => {
  test('line and offset survive: a violation names its line', () => {
    const text = ['/* a', 'comment */', 'const a = `x ${f(`inner ${b}`)} y`;', 'const c = a as any;'].join('\n');
    expect(checkSource({ path: API, text })).toMatchObject([{ line: 4, rule: 'as-any' }]);
    expect(viewsOf(text).bare).toHaveLength(text.length);
  });

  test('code inside a template is code, its text is not', () => {
    const { bare } = viewsOf('const a = `eval(1) ${eval(2)} // ${{ b: `eval(3)` }.b} eval(4)`; c();');
    expect(bare.match(/eval\(\d\)/g)).toEqual(['eval(2)']);
    expect(bare).toContain('c();');
  });

  test('a slash divides after a value and opens a pattern elsewhere', () => {
    expect(viewsOf(`const a = b / c; const d = "e"; f / g;`).bare).toContain('/ c; const d = " "; f / g;');
    expect(viewsOf(`return /'/.test(x) && eval(y);`).bare).toContain('eval(y)');
    expect(viewsOf(`const re = /[/'"]\\//g; eval(y);`).bare).toContain('eval(y)');
  });

  test('a comment marker inside a string is text', () => {
    expect(viewsOf(`const url = 'http://x'; eval(y);`).code).toContain(`'http://x'; eval(y);`);
  });
});
