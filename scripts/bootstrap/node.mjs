// @ts-check
import { execFile } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

import { UserError } from './user-error.mjs';

const run = promisify(execFile);
export const PRODUCT_NODE_MAJOR = 24;

/**
 * Path of the Node the product runs on: the pinned one, or the caller's own where that is new enough and the pinned
 * one has no build for this machine.
 *
 * @param {string} root
 * @returns {Promise<string>}
 */
export async function findNode(root) {
  const pinned = pinnedNode(root);
  if (await runs(pinned)) return pinned;
  if (Number.parseInt(process.versions.node, 10) >= PRODUCT_NODE_MAJOR) return process.execPath;
  throw new UserError(
    `The pinned Node ${PRODUCT_NODE_MAJOR} does not run on this machine (${process.platform} ${process.arch}). ` +
      `Install Node ${PRODUCT_NODE_MAJOR} yourself and try again.`,
  );
}

/**
 * Whether a Node fit for the product can be had without installing anything.
 *
 * @param {string} root
 */
export async function hasNode(root) {
  return findNode(root).then(
    () => true,
    () => false,
  );
}

/** @param {string} root */
function pinnedNode(root) {
  return path.join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** @param {string} node */
async function runs(node) {
  try {
    const { stdout } = await run(node, ['--version']);
    return Number.parseInt(stdout.slice(1), 10) >= PRODUCT_NODE_MAJOR;
  } catch {
    return false;
  }
}
