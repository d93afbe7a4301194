import { spawn } from 'node:child_process';
import { isInstalledAsLocked } from '../../scripts/bootstrap/installed-packages.mjs';

const BENCH = new URL('..', import.meta.url).pathname;

/** Installs the peers of bench/package-lock.json where they are not there yet; runs no install script. Throws when npm fails. */
export async function installPeers(): Promise<void> {
  if (await isInstalledAsLocked(BENCH)) return;
  console.error('Installing the peers (bench/node_modules)');
  const exitCode = await npm([
    'install',
    '--prefix',
    BENCH,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  ]);
  if (exitCode !== 0) throw new Error(`The peers could not be installed (npm's exit code ${exitCode}).`);
  if (!(await isInstalledAsLocked(BENCH))) {
    throw new Error(
      'bench/package.json and bench/package-lock.json disagree: run `npm install` there and commit both.',
    );
  }
}

function npm(args: readonly string[]): Promise<number | null> {
  // Under `npm run` the npm that called us; a wrapper script from PATH otherwise.
  const cli = process.env.npm_execpath;
  const [command, ...first] = cli?.endsWith('npm-cli.js') ? [process.execPath, cli] : ['npm'];
  // Only what npm says goes wrong is of interest; the settings of the script that called us are not for bench/.
  const env = { ...process.env, npm_config_loglevel: 'error' };
  const child = spawn(command ?? 'npm', [...first, ...args], {
    cwd: BENCH,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}
