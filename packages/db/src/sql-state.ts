const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Prisma's own codes (P2034 …) have the shape of an SQLSTATE. */
const PRISMA_CODE = /^P\d{4}$/;
/** What the driver adapter says of a failed COMMIT: it keeps no code. */
const WRITE_CONFLICT = 'TransactionWriteConflict';

/**
 * The SQLSTATE at the bottom of an error, or null. Prisma gives it a different place for model calls, raw calls and COMMIT,
 * so the whole chain is walked: `meta`, `driverAdapterError`, `cause`.
 */
export function sqlStateOf(err: unknown, depth = 0): string | null {
  if (!isRecord(err) || depth > 6) return null;
  for (const key of ['originalCode', 'code'] as const) {
    const value = err[key];
    if (typeof value === 'string' && SQLSTATE.test(value) && !PRISMA_CODE.test(value)) return value;
  }
  if (err.kind === WRITE_CONFLICT || err.code === 'P2034') return sqlStateOf(err.meta, depth + 1) ?? '40001';
  for (const key of ['meta', 'driverAdapterError', 'cause'] as const) {
    const found = sqlStateOf(err[key], depth + 1);
    if (found !== null) return found;
  }
  return null;
}

const REPEATABLE = new Set(['40001', '40P01']);

/** Whether repeating the whole transaction may succeed: a serialization failure or a deadlock. */
export const isRepeatable = (err: unknown): boolean => REPEATABLE.has(sqlStateOf(err) ?? '');

/** Whether a unique constraint refused the row; with `constraint`, whether it was that one. */
export function isUniqueViolation(err: unknown, constraint?: string): boolean {
  if (!isRecord(err)) return false;
  const unique = err.code === 'P2002' || sqlStateOf(err) === '23505';
  return unique && (constraint === undefined || JSON.stringify([err.meta, String(err.message)]).includes(constraint));
}

const NO_CONNECTION =
  /timeout exceeded when trying to connect|Query read timeout|Unable to start a transaction in the given time|expired transaction|too many clients|Connection terminated|is not queryable/i;
/** A connection that could not be made, or that broke: in Node's words, in Prisma's, and in those of its driver adapter. */
const NO_CONNECTION_CODES: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ECONNRESET', 'P1001', 'P1008', 'P1017']);
const NO_CONNECTION_KINDS: ReadonlySet<unknown> = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
]);

/**
 * Whether the database could not serve in time: the pool or the server is full, a lock or a statement took too long, or the server is
 * away. When the connection broke at COMMIT, nobody knows whether the transaction took effect.
 */
export function isOutOfService(err: unknown, depth = 0): boolean {
  if (!isRecord(err) || depth > 6) return false;
  if (/^(08|53|57P0|57014|55P03)/.test(sqlStateOf(err) ?? '') || NO_CONNECTION.test(String(err.message))) return true;
  if (NO_CONNECTION_CODES.has(err.code) || NO_CONNECTION_KINDS.has(err.kind)) return true;
  return (['meta', 'driverAdapterError', 'cause'] as const).some((key) => isOutOfService(err[key], depth + 1));
}
