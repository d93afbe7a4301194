// @ts-check
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { filesFingerprint } from './fingerprint.mjs';
import { findNode } from './node.mjs';
import { runChild } from './run-child.mjs';

const CLIENT = 'packages/client';
const STAMP = 'dist/.build-stamp';

/**
 * Compiles the typed client where its sources differ from the ones last compiled, so that examples and tests import
 * the package as it is published. A client that does not compile is reported and left to the type check: the task at
 * hand may be the very one that mends it.
 *
 * @param {string} root
 */
export async function ensureClientBuilt(root) {
  const client = path.join(root, CLIENT);
  if (!existsSync(path.join(client, 'tsconfig.json'))) return;

  const sources = await readdir(path.join(client, 'src'), { recursive: true, withFileTypes: true });
  const files = sources
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  const settings = [`${CLIENT}/tsconfig.json`, `${CLIENT}/package.json`, 'package-lock.json'];
  const wanted = await filesFingerprint(root, [...files, ...settings]);
  const stamp = path.join(client, STAMP);
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;

  // Emptied first: the output of a deleted source would be published.
  await rm(path.join(client, 'dist'), { recursive: true, force: true });
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '--singleThreaded', '-p', path.join(CLIENT, 'tsconfig.json')];
  const { exitCode, output } = await runChild(await findNode(root), args, { cwd: root, capture: true });
  if (exitCode === 0) await writeFile(stamp, wanted);
  else console.error(`${output}\n${CLIENT} does not compile; \`npm run verify\` checks it again.`);
}
