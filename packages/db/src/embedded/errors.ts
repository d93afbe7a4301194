/** The embedded PostgreSQL could not be prepared, started or stopped; the message says what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** Another live process uses the data directory; `pid` names it. */
export class DataDirLockedError extends Error {
  override readonly name = 'DataDirLockedError';
  readonly dataDir: string;
  readonly pid: number;

  constructor(dataDir: string, pid: number) {
    super(`${dataDir} is in use by process ${pid}. Stop that process, or choose another data directory.`);
    this.dataDir = dataDir;
    this.pid = pid;
  }
}

/** Narrows what `fs` and `process.kill` throw to its code (`ENOENT`, `EPERM`); undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
