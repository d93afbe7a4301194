import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { withClient } from '@morket/testing/template-database';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { locateBinaries } from './binaries.ts';
import { deleteDataDir } from './delete-data-dir.ts';
import { DataDirLockedError, EmbeddedPostgresError } from './errors.ts';
import { processIdentity } from './process-identity.ts';
import { findClosedDirectory } from './reachability.ts';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './supervisor.ts';

const PASSWORD = 'p:@/ %ü';
const isRoot = process.getuid?.() === 0;

let workspace: string;
let dataDir: string;
const cleanups: (() => Promise<unknown> | unknown)[] = [];

/** Made once and copied, since initdb takes most of a first start. */
let madeOnce: string;
beforeAll(async () => {
  madeOnce = await mkdtemp(join(tmpdir(), 'morket-cluster-'));
  const server = await startEmbeddedPostgres({ dataDir: join(madeOnce, 'data'), password: PASSWORD, durable: false });
  await query(server.url, `create table note (text text); insert into note values ('kept')`);
  await server.stop();
});
afterAll(() => rm(madeOnce, { recursive: true, force: true }));

beforeEach(async () => {
  // 0700 and of the caller: for root this is the case of a directory that the database's user cannot enter.
  workspace = await mkdtemp(join(tmpdir(), 'morket-embedded-'));
  dataDir = join(workspace, 'data');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await deleteDataDir(dataDir);
  await rm(workspace, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, password: PASSWORD, durable: false, ...options });
  cleanups.push(() => server.stop());
  return server;
}

/** With its owner and modes, which fs.cp would not keep. */
const useMadeCluster = () => void execFileSync('cp', ['-a', join(madeOnce, 'data'), dataDir]);

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  return withClient(url, async (client) => (await client.query(sql)).rows);
}

const readNotes = (url: string) => query(url, 'select text from note');

type Child = { readonly process: ChildProcess; readonly pid: number; readonly postgresPid: number };

/** A supervisor in a process of its own, which a test may kill. */
async function startInChild(afterStart = ''): Promise<Child> {
  const child = spawnSupervisor(afterStart);
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line'); // piped below
  return { process: child, pid: child.pid ?? 0, postgresPid: Number(line) };
}

function spawnSupervisor(afterStart = ''): ChildProcess {
  const options = JSON.stringify({ dataDir, password: PASSWORD, durable: false });
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    const server = await startEmbeddedPostgres(${options});
    console.log(server.pid);
    ${afterStart}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(() => killHard(child));
  return child;
}

async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('a first start', () => {
  test('makes a database that sorts alike everywhere, checks its pages and listens on the loopback alone', async () => {
    const log: string[] = [];
    const server = await start({ durable: true, onLog: (line) => log.push(line) });
    const [facts] = await query(
      server.url,
      `select current_setting('data_checksums') as checksums, current_setting('password_encryption') as passwords,
              current_setting('unix_socket_directories') as sockets, current_setting('listen_addresses') as addresses,
              current_setting('fsync') as fsync, datlocprovider as provider, datlocale as locale,
              pg_encoding_to_char(encoding) as encoding, current_user as user, inet_server_port() as port
         from pg_database where datname = current_database()`,
    );
    expect(facts).toEqual({
      ...{ checksums: 'on', passwords: 'scram-sha-256', sockets: '', addresses: '127.0.0.1', fsync: 'on' },
      ...{ provider: 'b', locale: 'C.UTF-8', encoding: 'UTF8', user: 'morket', port: server.port },
    });
    expect(new URL(server.url)).toMatchObject({
      hostname: '127.0.0.1',
      port: String(server.port),
      pathname: '/morket',
    });
    // Neither beside the directory nor in it stays the password.
    expect((await readdir(workspace)).sort()).toEqual(['data', 'data.lock']);
    await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow(
      'password authentication failed',
    );
    await expect(query(server.url, `select 'secret'::int`)).rejects.toThrow('invalid input syntax');
    expect(log.join('\n')).toContain('ready to accept connections');
    expect(log.join('\n')).not.toContain('STATEMENT');
  });

  test('that was killed half way leaves nothing that the next one stumbles over', async () => {
    const child = spawnSupervisor();
    const unfinished = () => readdir(workspace).then((names) => names.filter((name) => name.startsWith('data.init-')));
    await vi.waitFor(async () => expect(await unfinished()).toHaveLength(1), { timeout: 5_000, interval: 5 });
    await killHard(child);
    expect(await readdir(workspace)).not.toContain('data');
    const server = await start();
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await unfinished()).toEqual([]);
  });

  test('leaves a directory alone that holds something else', async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'thesis.txt'), 'three years');
    await expect(start()).rejects.toThrow(EmbeddedPostgresError);
    expect(await readdir(dataDir)).toEqual(['thesis.txt']);
    // The failed start has given the lock back.
    expect(await readdir(workspace)).toEqual(['data']);
  });
});

describe('a later start', () => {
  beforeEach(useMadeCluster);

  test('finds the data again, and stop() may be called twice', async () => {
    const first = await start();
    await query(first.url, `insert into note values ('and added')`);
    await Promise.all([first.stop(), first.stop()]);
    expect(await processIdentity(first.pid)).toBeNull();
    const second = await start();
    expect(await readNotes(second.url)).toEqual([{ text: 'kept' }, { text: 'and added' }]);
  });

  test('is refused while another process supervises the directory, naming it', async () => {
    const child = await startInChild('setInterval(() => {}, 60_000);');
    const refusal = await start().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DataDirLockedError);
    expect(refusal).toMatchObject({ pid: child.pid });
    expect(await processIdentity(child.postgresPid)).not.toBeNull();
  });

  test('stops the server that a killed supervisor left behind, and takes its place', async () => {
    const child = await startInChild('setInterval(() => {}, 60_000);');
    await killHard(child.process);
    expect(await processIdentity(child.postgresPid)).not.toBeNull();
    const server = await start();
    expect(await processIdentity(child.postgresPid)).toBeNull();
    expect(await readNotes(server.url)).toEqual([{ text: 'kept' }]);
  });

  test('is not needed to delete the directory of a killed supervisor, but a live one keeps it', async () => {
    const child = await startInChild('setInterval(() => {}, 60_000);');
    await expect(deleteDataDir(dataDir)).rejects.toBeInstanceOf(DataDirLockedError);
    await killHard(child.process);
    await deleteDataDir(dataDir);
    expect(await processIdentity(child.postgresPid)).toBeNull();
    expect(await readdir(workspace)).toEqual([]);
  });

  test.each([
    ['a process that is gone', '2147483646\n'],
    ['another program that got its pid', `${process.pid}\n`],
    ['nobody, cut short by a power failure', ''],
  ])('goes on over a postmaster.pid that names %s', async (_whom, firstLine) => {
    await writeFile(
      join(dataDir, 'postmaster.pid'),
      firstLine && `${firstLine}${dataDir}\n1700000000\n5432\n\n127.0.0.1\n`,
    );
    const server = await start();
    expect(await readNotes(server.url)).toEqual([{ text: 'kept' }]);
  });

  test('on a port that is taken says so', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanups.push(() => other.close());
    const { port } = other.address() as { port: number }; // a TCP server's address
    await expect(start({ port })).rejects.toThrow(`Port ${port} is taken`);
  });
});

describe('a server that dies', () => {
  beforeEach(useMadeCluster);

  test('comes back under the same url', async () => {
    const server = await start({ restartDelaysMs: [1, 50, 200] });
    const firstPid = server.pid;
    process.kill(firstPid, 'SIGKILL');
    await vi.waitFor(async () => expect(await readNotes(server.url)).toEqual([{ text: 'kept' }]), { timeout: 10_000 });
    expect(server.pid).not.toBe(firstPid);
  });

  test('and cannot be brought back is reported once', async () => {
    const reported: Error[] = [];
    const server = await start({ restartDelaysMs: [1, 1], onUnexpectedExit: (error) => reported.push(error) });
    const { pid } = server;
    await rm(join(dataDir, 'global'), { recursive: true });
    // Unless it has noticed by itself and died already.
    if (await processIdentity(pid)) process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(reported).toHaveLength(1), { timeout: 10_000 });
    expect(reported[0]?.message).toContain('could not be restarted');
    await server.stop();
    expect(reported).toHaveLength(1);
  });
});

describe('the process of the server', () => {
  beforeEach(useMadeCluster);

  test('leads a group of its own, which Ctrl-C in the terminal does not reach', async () => {
    const server = await start();
    const group = execFileSync('ps', ['-o', 'pgid=', '-p', String(server.pid)], { encoding: 'utf8' });
    expect(Number(group)).toBe(server.pid);
  });

  test('ends when its supervisor exits without a stop()', async () => {
    const child = await startInChild('process.exit(3);');
    await vi.waitFor(async () => expect(await processIdentity(child.postgresPid)).toBeNull(), { timeout: 5_000 });
  });

  if (isRoot && process.platform === 'linux') {
    const status = async (pid: number, field: string) =>
      new RegExp(`^${field}:\\s*(\\S+)`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];

    test('is an unprivileged user without capabilities where root starts it in an open directory', async () => {
      await chmod(workspace, 0o711);
      const server = await start();
      const [uid, gid] = [Number(await status(server.pid, 'Uid')), Number(await status(server.pid, 'Gid'))];
      expect(uid).not.toBe(0);
      // The binaries have to be reachable too; they are not when the whole checkout lies in a closed directory.
      const closed = await findClosedDirectory(dirname((await locateBinaries()).postgres), { uid, gid });
      expect(await status(server.pid, 'CapEff')).toMatch(closed === null ? /^0+$/ : /^0+[42]$/);
    });

    test('keeps the one capability that a closed directory takes', async () => {
      const server = await start();
      expect(await status(server.pid, 'Uid')).not.toBe('0');
      // CAP_DAC_READ_SEARCH, or in a container that lacks it CAP_DAC_OVERRIDE.
      expect(await status(server.pid, 'CapEff')).toMatch(/^0+[42]$/);
      expect(await readNotes(server.url)).toEqual([{ text: 'kept' }]);
    });
  }
});
