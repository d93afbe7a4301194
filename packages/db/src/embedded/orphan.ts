import { execFile } from 'node:child_process';
import { readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EmbeddedPostgresError, errorCode } from './errors.ts';
import { isSameProcess, processIdentity } from './process-identity.ts';
import { stopWithEscalation } from './stop-signals.ts';

const run = promisify(execFile);

/** Above every system's highest pid, so that PostgreSQL finds the process gone. */
const NOBODY = 2 ** 31 - 1;

/**
 * Clears what an earlier PostgreSQL left on this directory: a running server without its supervisor is stopped, a pid
 * file that names somebody else is corrected. The caller holds the directory's lock, so no live supervisor owns it.
 */
export async function stopOrphan(dataDir: string, onLog: (line: string) => void): Promise<void> {
  const path = join(dataDir, 'postmaster.pid');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return;
  // Single-user mode writes its pid negated.
  const pid = Math.abs(Number.parseInt(text, 10));
  // PostgreSQL refuses to start on an empty file, which a power cut can leave.
  if (!Number.isSafeInteger(pid) || pid === 0) return rm(path, { force: true });
  const identity = await processIdentity(pid);
  // PostgreSQL clears the file of a dead pid itself, and checks first that no backend of that server still runs.
  if (identity === null) return;
  if (!(await servesDirectory(pid, dataDir))) {
    // Only the pid is replaced: the lines after it let PostgreSQL make that same check.
    return writeFile(path, text.replace(/^\s*-?\d+/, String(NOBODY)));
  }
  onLog(`stopping the PostgreSQL (pid ${pid}) that an earlier run left on ${dataDir}`);
  await stopWithEscalation({
    send: (signal) => sendSignal(pid, signal, dataDir),
    hasEndedWithin: (timeoutMs) => hasEndedWithin(pid, identity, timeoutMs),
  });
}

/** Whether this process is a PostgreSQL on this directory. A postmaster's working directory is its data directory. */
async function servesDirectory(pid: number, dataDir: string): Promise<boolean> {
  const directory = await realpath(dataDir);
  if (process.platform !== 'linux') {
    const options = { env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } };
    const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)], options).catch(() => ({ stdout: '' }));
    return stdout.includes('postgres') && [dataDir, directory].some((name) => stdout.includes(name));
  }
  const [command, workingDirectory, commandLine] = await Promise.all([
    readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => null),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
  ]);
  if (command.trim() !== 'postgres') return false;
  // In a container even root may be refused the link of another user's process; its arguments are open to all.
  if (workingDirectory !== null) return workingDirectory === directory;
  return commandLine.split('\0').some((argument) => argument === dataDir || argument === directory);
}

function sendSignal(pid: number, signal: NodeJS.Signals, dataDir: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return;
    throw new EmbeddedPostgresError(
      `A PostgreSQL of another user (pid ${pid}) runs on ${dataDir} and may not be stopped by this process. Stop it first.`,
      { cause: error },
    );
  }
}

async function hasEndedWithin(pid: number, identity: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (await isSameProcess(pid, identity)) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}
