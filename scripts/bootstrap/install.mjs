// @ts-check
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

import { installFingerprint } from './fingerprint.mjs';
import { isInstalledAsLocked } from './installed-packages.mjs';
import { hasNode } from './node.mjs';
import { showProgress } from './progress.mjs';
import { runChild } from './run-child.mjs';
import { UserError } from './user-error.mjs';

const NETWORK_ERROR = /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|ENOTCACHED|network/;
/** Warnings, stack frames and the fields of npm's error objects. */
const NOISE = /^npm warn|^npm error +(at |\w+: |A complete log)|^npm error$/;
const SHOWN_OUTPUT_LINES = 12;

/**
 * Installs the locked packages unless the ones in place answer to the lock file already. Call it under the lock.
 *
 * @param {string} root
 */
export async function ensureInstalled(root) {
  const wanted = await installFingerprint(root);
  const stamp = path.join(root, 'node_modules', '.morket-install');
  const installed = (await readFile(stamp, 'utf8').catch(() => '')).trim();
  if (installed === wanted && (await hasNode(root))) return;
  if (!((await isInstalledAsLocked(root)) && (await hasNode(root)))) {
    // No stamp: an installation was cut short, or never was. npm would take half a package for a whole one.
    if (installed === '') await rm(path.join(root, 'node_modules'), { recursive: true, force: true });
    await rm(stamp, { force: true });
    await install(root);
  }
  await writeFile(stamp, `${wanted}\n`);
}

/**
 * `npm install` held to the lock file, in place of `npm ci`: that one fails on a lock file written against a registry
 * which lacks some package's builds for other platforms, though none of them is needed here.
 *
 * @param {string} root
 */
async function install(root) {
  const startedAt = performance.now();
  const progress = showProgress('Installing packages (about a minute the first time)');
  try {
    // NODE_ENV=production would leave out the pinned Node, a development dependency.
    const which = ['--include=dev', '--include=optional'];
    await npm(root, ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', ...which]);
    if (!(await isInstalledAsLocked(root))) {
      throw new UserError('package.json and package-lock.json disagree: run `npm install` and commit the lock file.');
    }
    const { allowScripts = {} } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    // Which install scripts may run is stated in package.json; older npm versions know nothing of it and run them all.
    const approved = Object.keys(allowScripts).filter((name) => allowScripts[name]);
    if (approved.length > 0)
      await npm(root, ['rebuild', '--ignore-scripts=false', ...approved]).catch(unlessNode(root));
  } finally {
    progress.stop();
  }
  console.error(`Installed in ${Math.round((performance.now() - startedAt) / 1000)} s.`);
}

/**
 * The one approved script brings the pinned Node; where that has no build, the caller's own will do if it is new enough.
 *
 * @param {string} root
 */
function unlessNode(root) {
  /** @param {unknown} err */
  return async (err) => {
    const wasStopped = err instanceof UserError && err.exitCode > 128;
    if (wasStopped || !(await hasNode(root))) throw err;
  };
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 */
async function npm(root, args) {
  const { npm_execpath: cli } = process.env;
  // Under `npm run` the npm that called us; a wrapper script from PATH otherwise.
  const [command, ...first] = cli?.endsWith('npm-cli.js') ? [process.execPath, cli] : ['npm'];
  // `npm --silent test` hands its silence down, and a failure would come without a reason.
  const env = { ...process.env, npm_config_loglevel: 'warn' };
  const { exitCode, output } = await runChild(command ?? 'npm', [...first, ...args], { cwd: root, env, capture: true });
  if (exitCode === 0) return;
  if (exitCode > 128) throw new UserError('Installation interrupted; run the command again to finish it.', exitCode);
  const hint = NETWORK_ERROR.test(output)
    ? 'The package registry cannot be reached: check the network, or the proxy and registry settings of npm.'
    : 'The lines above are what npm says.';
  const said = output.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line));
  const head = said.slice(0, SHOWN_OUTPUT_LINES).join('\n');
  throw new UserError(`${head}\n\nInstallation failed (npm ${args[0]}, exit code ${exitCode}). ${hint}`);
}
