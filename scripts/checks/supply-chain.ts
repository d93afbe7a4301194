/** Gates on what is installed and what is committed. They read files alone, so they hold offline as well. */
import { readFileSync } from 'node:fs';
import { listFiles, readSources } from './source-files.ts';
import { type LockPackages, lockProblems, type VersionPolicy, versionProblems } from './supply-chain/lock.ts';
import { type Manifest, pinProblems } from './supply-chain/manifests.ts';
import { secretProblems } from './supply-chain/secrets.ts';

/** Images and fonts hold no text; a lock file holds hashes alone. */
const NOT_TEXT = /(?:\.(?:png|jpe?g|gif|ico|webp|woff2?|pdf|gz|zip|wasm)|(?:^|\/)package-lock\.json)$/;

const root = process.cwd();
const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T; // Shape checked by the gates.
const lock = readJson<{ packages: LockPackages }>('package-lock.json');
const policy = readJson<VersionPolicy>('security/minimum-versions.json');
const manifests = listFiles(root, '{.,apps/*,packages/*,bench}/package.json');
/** The peers of the benchmarks never ship, so any version will do, but not from anywhere. */
const benchLock = readJson<{ packages: LockPackages }>('bench/package-lock.json');
const texts = readSources(root, '**/{*,.*}').filter(({ path }) => !NOT_TEXT.test(path) && !/(?:^|\/)\.env$/.test(path));

const problems = [
  ...lockProblems(lock.packages),
  ...lockProblems(benchLock.packages).map((problem) => `bench/${problem}`),
  ...versionProblems(lock.packages, policy),
  ...manifests.flatMap((file) => pinProblems(file, readJson<Manifest>(file))),
  ...texts.flatMap(secretProblems),
];
for (const problem of problems) console.log(problem);
const locked = Object.keys(lock.packages).length + Object.keys(benchLock.packages).length;
console.log(
  `${problems.length} problems in ${locked} locked packages, ${manifests.length} manifests, ${texts.length} files.`,
);
if (problems.length > 0) process.exitCode = 1;
