import pg from 'pg';

const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** PostgreSQL ends a statement before; whoever is silent for longer is gone. */
const SILENCE_MS = STATEMENT_TIMEOUT_MS + CONNECT_TIMEOUT_MS;

/** `settings` beside those that the URL itself asks for: `options` in a URL would otherwise take their place. */
function withSettings(url: string, settings: string): string {
  const changed = new URL(url);
  const given = changed.searchParams.get('options');
  changed.searchParams.set('options', given === null ? settings : `${given} ${settings}`);
  return changed.href;
}

/** Opens connections on demand, never waits for ever for one, and drops none without a word. */
export function createPool(options: {
  readonly url: string;
  readonly size: number;
  readonly settings?: string;
}): pg.Pool {
  const { url, size, settings } = options;
  const pool = new pg.Pool({
    connectionString: settings === undefined ? url : withSettings(url, settings),
    max: size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 10_000,
    maxLifetimeSeconds: 1_800,
    keepAlive: true,
    application_name: 'morket',
  });
  const inUse = new WeakSet<pg.PoolClient>();
  pool.on('acquire', (client) => void inUse.add(client));
  pool.on('release', (_err, client) => void inUse.delete(client));
  pool.on('connect', (client) => {
    // While a connection passes from one holder to the next nobody listens to it, and an error that nobody hears ends the process.
    client.on('error', () => undefined);
    // A server that is gone without a word enforces nothing. The socket is destroyed rather than the statement given up: a connection with
    // a statement under way must not be handed to the next one. Its holder sees a connection that was lost.
    const { stream } = socketOf(client);
    stream.setTimeout(SILENCE_MS, () => {
      if (inUse.has(client)) stream.destroy();
    });
  });
  return pool;
}

type Socket = { setTimeout(ms: number, onTimeout: () => void): unknown; destroy(): unknown };
/** The socket under a client of pg, which its types leave out. */
const socketOf = (client: pg.PoolClient): { readonly stream: Socket } =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
