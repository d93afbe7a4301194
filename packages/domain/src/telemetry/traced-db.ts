import type { Db } from '@morket/db';
import type { Telemetry } from './telemetry.port.ts';

/**
 * A database whose transactions are spans, but for point transactions, which know their own place in traces. Without telemetry it is the
 * database itself.
 */
export function tracedDb(db: Db, telemetry: Telemetry): Db {
  if (!telemetry.isOn) return db;
  return {
    ...db,
    // no record: it is the caller's transaction.
    transaction: (work, options) => telemetry.span('db.transaction', null, () => db.transaction(work, options)),
  };
}

/** Tells how the pools of a database stand. */
export function observeConnections(db: Db, telemetry: Telemetry): void {
  telemetry.gauge('morket_db_connections', () =>
    db.connections().flatMap(({ pool, total, idle, waiting }) => [
      { labels: { pool, state: 'used' }, value: total - idle },
      { labels: { pool, state: 'idle' }, value: idle },
      { labels: { pool, state: 'waited_for' }, value: waiting },
    ]),
  );
}
