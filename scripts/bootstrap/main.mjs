// @ts-check
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { ensureClientBuilt } from './client-build.mjs';
import { ensureInstalled } from './install.mjs';
import { withLock } from './lock.mjs';
import { findNode } from './node.mjs';
import { runChild } from './run-child.mjs';
import { TASKS } from './tasks.mjs';
import { UserError } from './user-error.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Prepares the checkout and runs one task of the table, leaving its exit code in `process.exitCode`.
 *
 * @param {readonly string[]} argv task name, then the task's own arguments
 */
export async function bootstrap(argv) {
  const [name = '', ...args] = argv;
  const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (!task) {
    console.error(`Unknown task "${name}". Known: ${Object.keys(TASKS).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  try {
    await prepare(ROOT);
    const env = { ...process.env, PATH: pathWithBin(ROOT) };
    const { exitCode } = await runChild(await findNode(ROOT), [...task, ...args], { cwd: ROOT, env });
    process.exitCode = exitCode;
  } catch (err) {
    if (!(err instanceof UserError)) throw err;
    console.error(err.message);
    process.exitCode = err.exitCode;
  }
}

/** @param {string} root */
async function prepare(root) {
  await withLock(path.join(root, '.morket', 'install.lock'), async () => {
    await ensureInstalled(root);
    // Imported late: what it needs is only there once the packages are.
    const { ensurePrismaClient } = await import('../prisma-generate.mjs');
    await ensurePrismaClient(root).catch((err) => {
      throw new UserError(err.message);
    });
    await ensureClientBuilt(root);
  });
}

/** @param {string} root */
function pathWithBin(root) {
  const bin = path.join(root, 'node_modules', '.bin');
  return process.env.PATH ? `${bin}${path.delimiter}${process.env.PATH}` : bin;
}
