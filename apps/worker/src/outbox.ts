import { keepOutbox } from '@morket/domain/events';
import type { WorkerDeps } from './compose.ts';
import type { Loop } from './loop.ts';
import { repeating } from './repeating.ts';

const EVERY_MS = 60 * 60 * 1_000;

/** Sees that the outbox has tables for the days to come and none whose time is over; also at the start, since a process may have been away for days. */
export const outboxLoop = ({ db, log, configuration }: Pick<WorkerDeps, 'db' | 'log' | 'configuration'>): Loop =>
  repeating(
    'outbox',
    EVERY_MS,
    async () => log.debug(await keepOutbox(db, { retentionSeconds: configuration.env.EVENT_RETENTION }), 'outbox kept'),
    log,
  );
