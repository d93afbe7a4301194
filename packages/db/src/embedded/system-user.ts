import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './errors.ts';

const run = promisify(execFile);

export type SystemUser = { readonly name: string; readonly uid: number; readonly gid: number };

const CREATED_USER = 'morket';

/** The unprivileged user that PostgreSQL runs as when we are root: `postgres` where there is one, else `morket`, created. */
export async function databaseUser(): Promise<SystemUser> {
  const existing = (await findUser('postgres')) ?? (await findUser(CREATED_USER));
  if (existing) return existing;
  const failures: string[] = [];
  for (const [command, args] of CREATE_COMMANDS) {
    await run(command, args).catch((error: unknown) => failures.push(String(error)));
    const created = await findUser(CREATED_USER);
    if (created) return created;
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root, and the system user "${CREATED_USER}" could not be created. ` +
      `Create it, run Morket as an ordinary user, or set DATABASE_URL. (${failures.join('; ')})`,
  );
}

const CREATE_COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  [
    'useradd',
    ['--system', '--user-group', '--no-create-home', '--home-dir', '/', '--shell', '/bin/false', CREATED_USER],
  ],
  // BusyBox (Alpine) has no useradd.
  ['adduser', ['-S', '-D', '-H', '-h', '/', '-s', '/bin/false', CREATED_USER]],
];

async function findUser(name: string): Promise<SystemUser | null> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([login]) => login === name);
  return fields ? { name, uid: Number(fields[2]), gid: Number(fields[3]) } : null;
}
