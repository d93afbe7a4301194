import pg from 'pg';

const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 10_000;

/** Opens connections on demand, never waits for ever for one, and drops none without a word. */
export function createPool(options: {
  readonly url: string;
  readonly size: number;
  readonly settings?: string;
}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 10_000,
    // On our side, too: a server that is gone without a word enforces nothing.
    query_timeout: STATEMENT_TIMEOUT_MS + CONNECT_TIMEOUT_MS,
    maxLifetimeSeconds: 1_800,
    keepAlive: true,
    application_name: 'morket',
    ...(options.settings !== undefined && { options: options.settings }),
  });
  // While a connection passes from one holder to the next nobody listens to it, and an error that nobody hears ends the process.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}
