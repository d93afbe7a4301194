import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { access, constants, lchown, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './errors.ts';
import { findClosedDirectory } from './reachability.ts';
import { databaseUser } from './system-user.ts';

/** Starts PostgreSQL's programs under a user that it accepts. */
export type Launcher = {
  spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Gives a file or directory, with all it holds, to the user that the programs run as. */
  own(path: string): Promise<void>;
};

type Identity = { readonly uid: number; readonly gid: number };

/** Nothing of our environment reaches PostgreSQL: no secrets to read in /proc, no PGDATA or LC_ALL to change its mind. */
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** The programs look up their working directory, and ours may be closed to their user. */
function surroundings(program: string) {
  return { env: ENVIRONMENT, cwd: dirname(program), windowsHide: true };
}

/**
 * Decides how PostgreSQL is run for this data directory, whose parent must exist: as ourselves, or, because it
 * refuses root, as the directory's owner or a system user. Throws EmbeddedPostgresError when none can reach the files.
 */
export async function createLauncher(dataDir: string, program: string): Promise<Launcher> {
  const ownUid = process.getuid?.();
  const owner = await stat(dataDir).catch(() => null);
  if (ownUid === undefined) return asOurselves();
  if (ownUid !== 0) {
    if (owner && owner.uid !== ownUid) throw foreignOwner(dataDir, owner.uid, ownUid);
    return asOurselves();
  }
  // A directory made by an earlier run as an ordinary user goes on under that user, who can then use it again.
  const user: Identity = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : await databaseUser();
  const closed =
    (await findClosedDirectory(dirname(program), user)) ?? (await findClosedDirectory(dirname(dataDir), user));
  return asUser(user, closed === null ? null : await capabilityPrefix(user, closed));
}

function asOurselves(): Launcher {
  return {
    spawn: (program, args, options) => spawn(program, args, { ...options, ...surroundings(program) }),
    own: async () => {},
  };
}

function asUser(user: Identity, prefix: readonly [string, ...string[]] | null): Launcher {
  return {
    spawn(program, args, options) {
      if (prefix === null) return spawn(program, args, { ...options, ...surroundings(program), ...user });
      const [command, ...prefixArgs] = prefix;
      return spawn(command, [...prefixArgs, program, ...args], { ...options, ...surroundings(program) });
    },
    async own(path) {
      if ((await stat(path)).uid === user.uid) return;
      const entries = await readdir(path, { recursive: true }).catch(() => []);
      for (const file of [path, ...entries.map((entry) => join(path, entry))]) await lchown(file, user.uid, user.gid);
    },
  };
}

/**
 * A clone below a closed directory (/root, `mktemp -d`) cannot be reached by the user that has to run it, so the
 * programs keep one capability: passing and reading what modes forbid. It must be ambient to outlive exec; and
 * no_setuid_fixup is needed because access(2), with which initdb looks for its own files, otherwise judges by the
 * bare user. Containers often lack CAP_DAC_READ_SEARCH but have CAP_DAC_OVERRIDE, which also suffices.
 */
async function capabilityPrefix(user: Identity, closed: string): Promise<[string, ...string[]]> {
  const setpriv = await findOnPath('setpriv');
  const capability = await grantableCapability();
  if (setpriv === null || capability === null) {
    const obstacle =
      setpriv === null ? 'setpriv (util-linux) is not installed' : 'this process may not grant capabilities';
    throw new EmbeddedPostgresError(
      `PostgreSQL refuses to run as root, the user it runs as (uid ${user.uid}) cannot enter ${closed}, and ${obstacle}. ` +
        `Run \`chmod o+x ${closed}\`, move to a directory every user can enter, run Morket as an ordinary user, or set DATABASE_URL.`,
    );
  }
  return [
    setpriv,
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    `--inh-caps=+${capability}`,
    `--ambient-caps=+${capability}`,
  ];
}

async function grantableCapability(): Promise<'dac_read_search' | 'dac_override' | null> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const permitted = BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const holds = (bit: bigint) => (permitted & (1n << bit)) !== 0n;
  const [override, readSearch, setpcap] = [1n, 2n, 8n];
  if (!holds(setpcap)) return null;
  if (holds(readSearch)) return 'dac_read_search';
  return holds(override) ? 'dac_override' : null;
}

async function findOnPath(program: string): Promise<string | null> {
  for (const directory of ENVIRONMENT.PATH.split(':')) {
    const path = join(directory, program);
    const present = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (present) return path;
  }
  return null;
}

function foreignOwner(dataDir: string, ownerUid: number, ownUid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${dataDir} belongs to uid ${ownerUid}, but this process runs as uid ${ownUid}. Start it as that user (or as root), ` +
      `or give the directory away: chown -R ${ownUid} ${dataDir}`,
  );
}
