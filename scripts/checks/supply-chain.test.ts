import { describe, expect, test } from 'vitest';
import { compareVersions, lockProblems, versionProblems } from './supply-chain/lock.ts';
import { pinProblems } from './supply-chain/manifests.ts';
import { secretProblems } from './supply-chain/secrets.ts';

const sha512 = 'sha512-abc';

describe('lock file', () => {
  test('registry packages with a strong hash and our own workspaces pass', () => {
    const packages = {
      '': { version: '0.1.0' },
      'packages/db': { version: '0.1.0' },
      'node_modules/@morket/db': { resolved: 'packages/db', link: true },
      'node_modules/zod': { version: '4.0.0', integrity: sha512 },
      'node_modules/a/node_modules/@b/c': {
        version: '1.0.0',
        integrity: sha512,
        resolved: 'https://registry.npmjs.org/x.tgz',
      },
    };
    expect(lockProblems(packages)).toEqual([]);
  });

  test.each([
    ['no hash', { version: '1.0.0' }],
    ['a weak hash', { version: '1.0.0', integrity: 'sha1-abc' }],
    ['a git source', { version: '1.0.0', integrity: sha512, resolved: 'git+ssh://git@example.com/a.git' }],
    ['a file', { version: '1.0.0', integrity: sha512, resolved: 'file:../a.tgz' }],
  ])('%s is refused', (_, entry) => {
    expect(lockProblems({ 'node_modules/x/node_modules/@b/c': entry })).toHaveLength(1);
  });
});

describe('version policy', () => {
  const policy = {
    minimum: { fastify: { version: '5.12.8', why: 'CVE' } },
    forbidden: { '@fastify/middie': 'CVE' },
    single: ['zod', '@trpc/*'],
  };
  const problemsOf = (versions: Record<string, string>) =>
    versionProblems(
      Object.fromEntries(Object.entries(versions).map(([place, version]) => [place, { version }])),
      policy,
    );

  test('new enough, allowed and single passes', () => {
    expect(
      problemsOf({
        'node_modules/fastify': '5.12.8',
        'node_modules/zod': '4.0.0',
        'node_modules/x/node_modules/zod': '4.0.0',
      }),
    ).toEqual([]);
  });

  test.each([
    ['too old at the root', { 'node_modules/fastify': '5.12.7' }],
    ['too old deep in the tree', { 'node_modules/fastify': '6.0.0', 'node_modules/x/node_modules/fastify': '5.9.9' }],
    ['forbidden', { 'node_modules/@fastify/middie': '9.0.0' }],
    ['twice', { 'node_modules/zod': '4.0.0', 'node_modules/x/node_modules/zod': '3.0.0' }],
    ['one scope at two versions', { 'node_modules/@trpc/server': '11.22.1', 'node_modules/@trpc/client': '11.22.0' }],
  ])('%s is refused', (_, versions) => {
    expect(problemsOf(versions)).toHaveLength(1);
  });

  test('versions compare by number, prereleases before their release', () => {
    const ordered = ['1.2.3-beta.2', '1.2.3-beta.10', '1.2.3', '1.2.10', '1.10.0', '2.0.0-rc.1', '2.0.0'];
    const shuffled = [...ordered].reverse();
    expect(shuffled.sort(compareVersions)).toEqual(ordered);
  });
});

describe('pins', () => {
  test.each(['1.2.3', '18.4.0-beta.17', '7.10.0-4.0edf323'])('%s is exact', (version) => {
    expect(pinProblems('package.json', { dependencies: { a: version } })).toEqual([]);
  });

  test.each([
    '^1.2.3',
    '~1.2.3',
    '1.2',
    '*',
    'latest',
    '>=1.0.0',
    'github:a/b',
    'file:../a',
    'npm:b@1.0.0',
    'https://a.example/a.tgz',
  ])('%s is not', (version) => {
    for (const group of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      expect(pinProblems('package.json', { [group]: { a: version } })).toHaveLength(1);
    }
  });

  test('overrides are pinned at any depth', () => {
    expect(pinProblems('package.json', { overrides: { a: { b: '^1.0.0', c: '1.0.0', d: '$zod' } } })).toHaveLength(1);
  });
});

describe('secrets', () => {
  test.each([
    ['private key', `-----BEGIN ${'RSA PRIVATE'} KEY-----`],
    ['AWS key', `id = ${'AKIA'}ABCDEFGHIJKLMNOP`],
    ['API key', `key: mk_live_${'0123456789abcdefghij'.repeat(2)}`],
  ])('a %s is found with its line and not repeated', (_, line) => {
    const [problem] = secretProblems({ path: 'a.md', text: `first\n${line}` });
    expect(problem).toMatch(/^a\.md:2 /);
    expect(problem).not.toContain(line);
  });

  test.each(['mk_live_…', 'mk_test_example', '-----BEGIN PUBLIC KEY-----', 'AKIA'])('%s is none', (text) => {
    expect(secretProblems({ path: 'a.md', text })).toEqual([]);
  });
});
