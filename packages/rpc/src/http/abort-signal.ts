import type { FastifyReply } from 'fastify';

/** Whether Fastify's handler timeout ended the request. Its signal is asked last: it may have to be made. */
export const isTimedOut = ({ raw, request }: FastifyReply): boolean =>
  (raw.statusCode >= 500 || !raw.writableFinished) && request.signal.reason?.code === 'FST_ERR_HANDLER_TIMEOUT';

/** Fires when the caller goes away before the answer is sent, and when Fastify has answered for a handler that took too long. */
export function abortSignalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished || isTimedOut(reply)) controller.abort();
  });
  return controller.signal;
}
