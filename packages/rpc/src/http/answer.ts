import { MethodNotAllowed } from '@morket/contract/errors';
import type { AnyTRPCRouter, TRPCProcedureType } from '@trpc/server';
import type { HTTPBaseHandlerOptions } from '@trpc/server/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import type { CallAnswer } from './call-procedure.ts';
import { retryAfterOf } from './retry-after.ts';

/** Marks an answer that was given before under the same idempotency key. */
export const REPLAYED = 'idempotency-replayed';
const MULTI_STATUS = 207;
/** What an answer depends on beside the address, as tRPC says it. */
const VARY = 'trpc-accept, accept';

/** tRPC's own option; `info`, the request in tRPC's terms, is made for streams and subscriptions alone. */
export type ResponseMeta = NonNullable<HTTPBaseHandlerOptions<AnyTRPCRouter, FastifyRequest>['responseMeta']>;

/** The request that is answered: nothing was called when it could not be read. */
export type Answered = {
  readonly ctx: Context;
  readonly paths: readonly string[];
  readonly isBatch: boolean;
};

function statusOf(answers: readonly CallAnswer[]): number {
  const status = answers[0]?.status ?? MULTI_STATUS;
  return answers.every((answer) => answer.status === status) ? status : MULTI_STATUS;
}

/** The headers that belong to failures. */
function failureHeaders(answers: readonly CallAnswer[], status: number): Record<string, string> {
  const failures = answers.flatMap(({ failure }) => failure ?? []);
  const wait = Math.max(0, ...failures.map((failure) => retryAfterOf(failure) ?? 0));
  const allowed = new Set(failures.flatMap((failure) => (MethodNotAllowed.is(failure) ? failure.details.allowed : [])));
  return {
    ...(wait > 0 ? { 'retry-after': String(wait) } : {}),
    // RFC 9110 asks for a challenge with every 401, and for the right methods with every 405.
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 405 ? { allow: [...allowed].join(', ') } : {}),
  };
}

/** Whether every call of a request got an answer of before: one header speaks for all. */
const areReplays = ({ ctx, paths }: Answered): boolean => paths.length > 0 && ctx.seen.replays === paths.length;

/** Sends the answers of a request's calls as tRPC's adapter would: one envelope, or a list of them. */
export function createSend(options: {
  readonly responseMeta: ResponseMeta | undefined;
  readonly typeOf: (path: string) => TRPCProcedureType | undefined;
}) {
  const { responseMeta, typeOf } = options;

  function applyMeta(reply: FastifyReply, { ctx, paths }: Answered, answers: readonly CallAnswer[]): void {
    const type = paths.map(typeOf).find((known) => known !== undefined) ?? 'unknown';
    const data = answers.map(({ response }) => response);
    const errors = answers.flatMap(({ error }) => error ?? []);
    const meta = responseMeta?.({ ctx, paths, type, data, errors, info: undefined, eagerGeneration: false }) ?? {};
    if (meta.status !== undefined) reply.code(meta.status);
    // tRPC's older form, an object, is not taken.
    if (!(meta.headers instanceof Headers)) return;
    for (const [name, value] of meta.headers) {
      reply.header(name, name === 'vary' ? `${reply.getHeader(name)}, ${value}` : value);
    }
  }

  return (reply: FastifyReply, answered: Answered, answers: readonly CallAnswer[]): FastifyReply => {
    // Who took too long has been answered for.
    if (reply.sent) return reply;
    const status = statusOf(answers);
    const vary = reply.getHeader('vary');
    reply
      .code(status)
      .header('content-type', 'application/json')
      .header('cache-control', 'no-store')
      .header('vary', vary === undefined ? VARY : `${vary}, ${VARY}`);
    if (status !== 200) reply.headers(failureHeaders(answers, status));
    if (areReplays(answered)) reply.header(REPLAYED, 'true');
    if (responseMeta) applyMeta(reply, answered, answers);
    return reply.send(answered.isBatch ? `[${answers.map(({ text }) => text).join(',')}]` : answers[0]?.text);
  };
}
