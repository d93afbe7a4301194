import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { installFingerprint } from '../bootstrap/fingerprint.mjs';
import { PRODUCT_NODE_MAJOR } from '../bootstrap/node.mjs';
import { type Finding, fail, ok, warn } from './finding.ts';

const run = promisify(execFile);

/** Whether this process, the one that would serve, is a Node the product runs on. */
export function checkNode(version: string = process.versions.node): Finding {
  return Number.parseInt(version, 10) >= PRODUCT_NODE_MAJOR
    ? ok(`Node ${version}`)
    : fail(`Node ${version} is too old to run Morket`, 'run it by `npm run doctor`, which brings the pinned Node');
}

export async function checkNpm(): Promise<Finding> {
  try {
    const { stdout } = await run('npm', ['--version', '--loglevel=silent'], { shell: process.platform === 'win32' });
    return ok(`npm ${stdout.trim()}`);
  } catch {
    return warn('npm is not in PATH', 'install Node from https://nodejs.org; npm comes with it');
  }
}

/** Whether the installed packages are the ones that the lock file names. */
export async function checkInstallation(root: string): Promise<Finding> {
  const stamp = await readFile(path.join(root, 'node_modules', '.morket-install'), 'utf8').catch(() => '');
  if (stamp === '') return warn('nothing tells which packages are installed', 'any npm script of Morket installs them');
  return stamp.trim() === (await installFingerprint(root))
    ? ok('packages are up to date')
    : warn('packages are not the ones of package-lock.json', 'any npm script of Morket installs them again');
}
