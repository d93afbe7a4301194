// @ts-check
// Generates the Prisma client when the schema or Prisma itself has changed. Plain JavaScript: it runs on whatever Node
// there is before the pinned one is installed (20.19 or newer).
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCHEMA = 'prisma/schema';
const OUTPUT = 'packages/db/src/generated-prisma';
// Ignored by git, and on the same file system as the output, so that the result can be renamed into place.
const WORKSHOPS = 'packages/db/node_modules';
const WORKSHOP_PREFIX = '.prisma-generate-';
const STAMP = '.stamp';
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/**
 * Brings `packages/db/src/generated-prisma` up to date; needs no network. Runs at the same time do not disturb each
 * other: each generates into a folder of its own and renames it into place.
 *
 * @param {string} rootDir the repository
 * @returns {Promise<boolean>} whether anything had to be generated
 */
export async function ensurePrismaClient(rootDir) {
  const output = join(rootDir, OUTPUT);
  const stamp = await wantedStamp(rootDir);
  if ((await readStamp(output)) === stamp) return false;
  await mkdir(join(rootDir, WORKSHOPS), { recursive: true });
  await removeAbandoned(join(rootDir, WORKSHOPS));
  const workshop = await mkdtemp(join(rootDir, WORKSHOPS, WORKSHOP_PREFIX));
  try {
    // The schema names its output relative to itself, so a copy at the same depth generates into the workshop.
    await cp(join(rootDir, SCHEMA), join(workshop, SCHEMA), { recursive: true });
    await runGenerate(rootDir, workshop);
    await writeFile(join(workshop, OUTPUT, STAMP), stamp);
    await putInPlace(workshop, output, stamp);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return true;
}

/** @param {string} rootDir */
async function wantedStamp(rootDir) {
  const hash = createHash('sha256');
  const { version } = JSON.parse(await readFile(join(rootDir, 'node_modules/prisma/package.json'), 'utf8'));
  hash.update(`prisma ${version}\n`);
  for (const name of (await readdir(join(rootDir, SCHEMA), { recursive: true })).sort()) {
    if (!name.endsWith('.prisma')) continue;
    const content = await readFile(join(rootDir, SCHEMA, name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} directory */
async function readStamp(directory) {
  return readFile(join(directory, STAMP), 'utf8').catch(() => null);
}

/**
 * @param {string} rootDir
 * @param {string} workshop
 */
async function runGenerate(rootDir, workshop) {
  const cli = join(rootDir, 'node_modules/prisma/build/index.js');
  const child = spawn(process.execPath, [cli, 'generate', '--schema', join(workshop, SCHEMA)], {
    cwd: workshop,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // Prisma would download its schema engine although generating never runs it; any executable file satisfies it.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  const code = await new Promise((settle, fail) => child.once('error', fail).once('close', settle));
  if (code !== 0) throw new Error(`prisma generate failed (exit code ${code}):\n${text.trim()}`);
}

/**
 * @param {string} workshop
 * @param {string} output
 * @param {string} stamp
 */
async function putInPlace(workshop, output, stamp) {
  await mkdir(dirname(output), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    // Another run may have been faster; moving its result away again would only open a gap.
    if ((await readStamp(output)) === stamp) return;
    try {
      await rename(output, join(workshop, `replaced-${randomUUID()}`)).catch((error) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await rename(join(workshop, OUTPUT), output);
      return;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

/** @param {string} directory */
async function removeAbandoned(directory) {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(WORKSHOP_PREFIX)) continue;
    const path = join(directory, name);
    const ageMs = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (ageMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

const isRunDirectly = process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url);
if (isRunDirectly) {
  const generated = await ensurePrismaClient(resolve(import.meta.dirname, '..'));
  console.log(generated ? 'Prisma client generated.' : 'Prisma client is up to date.');
}
