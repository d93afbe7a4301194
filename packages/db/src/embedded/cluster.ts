import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError, errorCode } from './errors.ts';
import type { Launcher } from './launcher.ts';

export const SUPERUSER = 'morket';
export const DATABASE = 'morket';

const MAJOR_VERSION = '18';

type ClusterOptions = {
  readonly dataDir: string;
  readonly password: string;
  readonly durable: boolean;
  readonly binaries: Binaries;
  readonly launcher: Launcher;
};

/**
 * Makes sure that `dataDir` holds a complete cluster with the database `morket`. A new one is made beside its place and
 * renamed into it, so an interrupted first start leaves no half directory. The password counts only for a new one.
 */
export async function ensureCluster(options: ClusterOptions): Promise<void> {
  const { dataDir, launcher } = options;
  await removeInterrupted(dataDir);
  const version = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (version === null) return createCluster(options);
  if (version.trim() !== MAJOR_VERSION) {
    throw new EmbeddedPostgresError(
      `${dataDir} was made by PostgreSQL ${version.trim()}, this is ${MAJOR_VERSION}. Dump it with the old version and ` +
        'restore it here, or move the directory away to start empty.',
    );
  }
  await launcher.own(dataDir);
}

async function createCluster({ dataDir, password, durable, binaries, launcher }: ClusterOptions): Promise<void> {
  await removeIfEmpty(dataDir);
  const workshop = await mkdtemp(`${dataDir}.init-`);
  try {
    const fresh = join(workshop, 'data');
    const passwordFile = join(workshop, 'password');
    await mkdir(fresh, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    await launcher.own(workshop);
    await runToEnd(launcher, binaries.initdb, initdbArguments(fresh, passwordFile, durable));
    const singleUser = ['--single', '-D', fresh, ...(durable ? [] : ['-F']), 'postgres'];
    const answer = await runToEnd(
      launcher,
      binaries.postgres,
      singleUser,
      `CREATE DATABASE ${DATABASE} OWNER ${SUPERUSER};\n`,
    );
    // Single-user mode ends with 0 whatever became of the statement.
    if (/\b(ERROR|FATAL):/.test(answer))
      throw new EmbeddedPostgresError(`The database could not be created:\n${answer}`);
    await chmod(fresh, 0o700);
    await rename(fresh, dataDir);
    if (durable) await syncDirectory(dirname(dataDir));
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** The builtin C.UTF-8 sorts and folds alike on every machine, whatever its libc or ICU. */
function initdbArguments(directory: string, passwordFile: string, durable: boolean): string[] {
  return [
    ...['-D', directory, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...['--text-search-config=english', '--data-checksums', '--no-instructions'],
    ...(durable ? [] : ['--no-sync']),
  ];
}

async function runToEnd(launcher: Launcher, program: string, args: readonly string[], input = ''): Promise<string> {
  const child = launcher.spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(String(chunk)));
  // The program may end before it has read its input; its exit code then tells.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [code, signal] = await once(child, 'close').catch((error: unknown) => {
    throw new EmbeddedPostgresError(
      `${program} cannot be run on this system: ${String(error)}. Set DATABASE_URL instead.`,
      {
        cause: error,
      },
    );
  });
  const text = output.join('').trim();
  if (code === 0) return text;
  const cause = signal === null ? `exit code ${code}` : String(signal);
  throw new EmbeddedPostgresError(`${basename(program)} failed (${cause}):\n${text.slice(-2000)}`);
}

/** What a first start that was killed left beside the directory; its initdb may still be writing for a moment. */
async function removeInterrupted(dataDir: string): Promise<void> {
  const parent = dirname(dataDir);
  const leftovers = (await readdir(parent)).filter((name) => name.startsWith(`${basename(dataDir)}.init-`));
  await Promise.all(
    leftovers.map((name) => rm(join(parent, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })),
  );
}

async function removeIfEmpty(dataDir: string): Promise<void> {
  await rmdir(dataDir).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return;
    throw new EmbeddedPostgresError(
      `${dataDir} holds something that is not a PostgreSQL data directory. Move it away.`,
      {
        cause: error,
      },
    );
  });
}

/** Without it a power cut could undo the rename after writes to the database were acknowledged. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
