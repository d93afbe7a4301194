import type { FastifyReply } from 'fastify';
import { isTimedOut } from './time-limit.ts';

/** Fires when the caller goes away before the answer is sent, and when another answer was sent for a handler that took too long. */
export function abortSignalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished || isTimedOut(reply)) controller.abort();
  });
  return controller.signal;
}
