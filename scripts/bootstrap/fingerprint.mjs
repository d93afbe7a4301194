// @ts-check
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

/** The parts of a package.json that decide what npm installs; a changed script is no reason to install again. */
const INSTALL_FIELDS = [
  'name',
  'version',
  'workspaces',
  'bin',
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'overrides',
  'allowScripts',
];

/**
 * Names the installation this checkout asks for on this machine: equal fingerprints need no new `npm ci`.
 *
 * @param {string} root
 * @returns {Promise<string>} hex SHA-256
 */
export async function installFingerprint(root) {
  const hash = createHash('sha256');
  hash.update(`${process.platform} ${process.arch}\n`);
  hash.update(await readFile(path.join(root, 'package-lock.json')));
  for (const manifest of ['package.json', ...(await workspaceManifests(root))]) {
    const content = JSON.parse(await readFile(path.join(root, manifest), 'utf8'));
    const parts = INSTALL_FIELDS.map((field) => content[field] ?? null);
    hash.update(`\n${manifest}\n${JSON.stringify(parts)}`);
  }
  return hash.digest('hex');
}

/**
 * Hashes files by path and content, in an order that does not depend on the file system.
 *
 * @param {string} root
 * @param {readonly string[]} files relative to `root`
 * @returns {Promise<string>} hex SHA-256
 */
export async function filesFingerprint(root, files) {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) {
    const content = await readFile(path.join(root, file));
    hash.update(`${file}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} root */
async function workspaceManifests(root) {
  const { workspaces = [] } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  /** @type {string[]} */
  const manifests = [];
  for (const pattern of /** @type {string[]} */ (workspaces)) {
    if (!pattern.endsWith('/*')) {
      manifests.push(`${pattern}/package.json`);
      continue;
    }
    const folder = pattern.slice(0, -2);
    const entries = await readdir(path.join(root, folder)).catch(() => []);
    for (const entry of entries) manifests.push(`${folder}/${entry}/package.json`);
  }
  const present = await Promise.all(manifests.map((file) => exists(path.join(root, file))));
  return manifests.filter((_, index) => present[index]).sort();
}

/** @param {string} file */
function exists(file) {
  return readFile(file).then(
    () => true,
    () => false,
  );
}
