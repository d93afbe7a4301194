// @ts-check
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Whether what stands in node_modules is what the lock file names: true after a plain `npm ci` or `npm install` too.
 * Optional packages, the builds for one platform or another, may be absent on either side.
 *
 * @param {string} root
 */
export async function isInstalledAsLocked(root) {
  const [locked, installed] = await Promise.all([
    readPackages(path.join(root, 'package-lock.json')),
    readPackages(path.join(root, 'node_modules', '.package-lock.json')),
  ]);
  if (!locked || !installed) return false;
  delete locked[''];
  /** @param {string} name */
  const agrees = (name) => {
    const [want, have] = [locked[name], installed[name]];
    if (want && have) return want.version === have.version && want.integrity === have.integrity;
    return Boolean((want ?? have)?.optional || (want ?? have)?.devOptional);
  };
  return Object.keys({ ...locked, ...installed }).every(agrees);
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }} LockedPackage
 *
 * @param {string} file
 * @returns {Promise<Record<string, LockedPackage> | null>}
 */
async function readPackages(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}
