import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import net from 'node:net';
import { promisify } from 'node:util';
import { type Finding, fail, ok, warn } from './finding.ts';

const run = promisify(execFile);
const DEFAULT_PORT = 3_000;

/** Whether the server could listen: a chosen port must be free, for the default one the next free port stands in. */
export async function checkPort(chosen: string | undefined, host = '127.0.0.1'): Promise<Finding> {
  const port = Number(chosen || DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return fail(`PORT is ${chosen}`, 'set PORT to 0–65535');
  const problem = await tryToListen(port, host);
  if (problem === null) return ok(`port ${port} is free`);
  if (problem !== 'EADDRINUSE')
    return fail(`${host}:${port} cannot be opened: ${problem}`, 'choose another HOST or PORT');
  const owner = await ownerOf(port).catch(() => null);
  const what = `port ${port} is taken${owner ? ` by ${owner}` : ''}`;
  return chosen
    ? fail(what, 'stop that process, or choose another PORT')
    : warn(what, 'the next free port is used; set PORT to choose one');
}

/** The system's error code, or null when the port opened (and is closed again). */
function tryToListen(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
    server.listen({ port, host }, () => server.close(() => resolve(null)));
  });
}

/** The listening process as `name (pid n)`; null where the system does not tell, as for another user's process. */
async function ownerOf(port: number): Promise<string | null> {
  if (process.platform !== 'linux') {
    const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
    const [, pid, name] = /^p(\d+)\nc(.+)$/m.exec(stdout) ?? [];
    return pid ? `${name} (pid ${pid})` : null;
  }
  const sockets = await listeningSockets(port);
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const handle of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => '');
      if (!sockets.has(target)) continue;
      return `${(await readFile(`/proc/${pid}/comm`, 'utf8')).trim()} (pid ${pid})`;
    }
  }
  return null;
}

/** Sockets in state LISTEN on a port, named as /proc/<pid>/fd names them. */
async function listeningSockets(port: number): Promise<Set<string>> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)));
  const listening = rows.filter(([, local, , state]) => local?.endsWith(suffix) && state === '0A');
  return new Set(listening.map((row) => `socket:[${row[9]}]`));
}
