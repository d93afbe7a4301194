import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from './errors.ts';

const run = promisify(execFile);

/** A running process that the system does not let us inspect: it may or may not be the one we mean. */
const UNKNOWN = 'unknown';

/**
 * A text that tells this process from every other that ever has the same pid, or null when none is running.
 * A zombie counts as gone: where pid 1 does not reap, it would otherwise look alive for ever.
 */
export async function processIdentity(pid: number): Promise<string | null> {
  if (!exists(pid)) return null;
  if (process.platform === 'linux') return linuxIdentity(pid);
  if (process.platform === 'win32') return UNKNOWN;
  return psIdentity(pid);
}

/** Whether the process that once had this identity is still running; in doubt, true. */
export async function isSameProcess(pid: number, identity: string): Promise<boolean> {
  const current = await processIdentity(pid);
  if (current === null) return false;
  return current === identity || current === UNKNOWN || identity === UNKNOWN;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

async function linuxIdentity(pid: number): Promise<string | null> {
  const [stat, bootId] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ]);
  // With hidepid another user's process has no entry here although it runs.
  if (stat === null) return exists(pid) ? UNKNOWN : null;
  // The command name may itself contain spaces and parentheses, so the fields are counted from its last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' ? null : `${bootId.trim()}:${startTicks}`;
}

async function psIdentity(pid: number): Promise<string | null> {
  const options = { env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } };
  const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], options).catch(() => ({ stdout: '' }));
  const [state, ...started] = stdout.trim().split(/\s+/);
  return !state || state.startsWith('Z') ? null : started.join(' ');
}
