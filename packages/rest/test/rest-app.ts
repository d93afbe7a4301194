import { randomUUID } from 'node:crypto';
import type { Services } from '@morket/rpc';
import { createContextFactory, limitHandlers, readJsonBytes } from '@morket/rpc/http';
import Fastify, { type FastifyInstance } from 'fastify';
import { expect } from 'vitest';
import { API_PREFIX } from '../src/api-prefix.ts';
import { registerRest } from '../src/register-rest.ts';
import { handleError } from '../src/send-failure.ts';

/** An entry of the app's log at level error. */
type LoggedError = {
  readonly msg: string;
  readonly path: string;
  readonly err: { readonly message: string };
};

export type RestApp = { readonly app: FastifyInstance; readonly logged: readonly LoggedError[] };

/** The REST surface on a Fastify that is set up as the product's is. */
export function restApp(services: Services, { handlerTimeoutMs = 30_000 } = {}): RestApp {
  const logged: LoggedError[] = [];
  const stream = { write: (line: string) => void logged.push(JSON.parse(line)) };
  const app = Fastify({
    logger: { level: 'error', stream },
    genReqId: () => randomUUID(),
    frameworkErrors: handleError,
    handlerTimeout: handlerTimeoutMs,
    forceCloseConnections: true,
  });
  limitHandlers(app);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    readJsonBytes(body),
  );
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  registerRest(app, { prefix: API_PREFIX, createContext: createContextFactory({ services }) });
  return { app, logged };
}

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What every failure must look like. */
export function aFailure(code: string, details: unknown = {}) {
  const error = { code, message: expect.any(String), details, requestId: expect.stringMatching(UUID) };
  return { success: false, data: null, error };
}
