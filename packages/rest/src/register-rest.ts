import { MethodNotAllowed, RouteNotFound } from '@morket/contract/errors';
import { appRouter, type Context } from '@morket/rpc';
import { abortSignalOf, BODY_LIMIT_BYTES } from '@morket/rpc/http';
import { callTRPCProcedure } from '@trpc/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import manifest from '../package.json' with { type: 'json' };
import type { API_PREFIX } from './api-prefix.ts';
import { successEnvelope } from './envelope.ts';
import { type OpenApiOptions, openApiDocument } from './openapi/document.ts';
import { fastifyPath, type Operation, operations } from './operation.ts';
import { requestInput } from './request-input.ts';
import { handleError, sendFailure } from './send-failure.ts';

const DOCUMENT_PATH = '/openapi.json';

type CreateContext = (request: FastifyRequest) => Context;

export type RestOptions = {
  readonly prefix: typeof API_PREFIX;
  readonly createContext: CreateContext;
  /** What the OpenAPI document says of this deployment; the version is this package's unless said otherwise. */
  readonly openApi?: Partial<OpenApiOptions>;
};

/** Runs the procedure behind an operation: authentication, permission, limits and validation are those of tRPC. */
function handlerOf(operation: Operation, createContext: CreateContext) {
  const { path, type } = operation.procedure;
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const input = requestInput(operation, request);
    const ctx = createContext(request);
    const call = { router: appRouter, path, type, ctx, getRawInput: async () => input, batchIndex: 0 };
    let result: unknown;
    try {
      result = await callTRPCProcedure({ ...call, signal: abortSignalOf(reply) });
    } catch (err) {
      return sendFailure(err, request, reply);
    }
    return reply.code(operation.status).header('cache-control', 'no-store').send(successEnvelope(operation, result));
  };
}

type Address = Pick<Operation, 'method' | 'path'>;

/** Refuses the other methods of known paths, before a body is read. OPTIONS is left to CORS. */
function refuseOtherMethods(scope: FastifyInstance, all: readonly Address[]): void {
  for (const [path, known] of Map.groupBy(all, (address) => address.path)) {
    const allowed = known.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    const refuse = async () => {
      throw MethodNotAllowed({ allowed });
    };
    const others = scope.supportedMethods.filter((method) => method !== 'OPTIONS' && !allowed.includes(method));
    scope.route({ method: others, url: fastifyPath(path), onRequest: refuse, handler: refuse });
  }
}

function refuseUnknownPaths(scope: FastifyInstance): void {
  const refuse = async () => {
    throw RouteNotFound({});
  };
  // Before the body is read: that it is unreadable is no news at an address that does not exist.
  scope.addHook('onRequest', async (request) => (request.is404 ? refuse() : undefined));
  scope.setNotFoundHandler(refuse);
}

/** The document as text, made when it is first asked for: that takes 50 ms, which most starts need not spend. */
function createDocument(options: OpenApiOptions): () => string {
  let text: string | undefined;
  return () => {
    text ??= JSON.stringify(openApiDocument(options));
    return text;
  };
}

/**
 * Serves one route for each procedure that has one, and the OpenAPI document, below `prefix`. The app registers the parser of
 * application/json and sets `X-Request-Id`. Throws at start for a route that contradicts its procedure.
 */
export function registerRest(app: FastifyInstance, options: RestOptions): void {
  const all = operations();
  const document = createDocument({ version: manifest.version, ...options.openApi });

  app.register(
    async (scope) => {
      // Fastify reads text/plain by itself, and that a foreign page may post without asking.
      scope.removeContentTypeParser('text/plain');
      scope.setErrorHandler(handleError);
      refuseUnknownPaths(scope);
      for (const operation of all) {
        scope.route({
          method: operation.method,
          url: fastifyPath(operation.path),
          bodyLimit: BODY_LIMIT_BYTES,
          handler: handlerOf(operation, options.createContext),
        });
      }
      refuseOtherMethods(scope, [...all, { method: 'GET', path: DOCUMENT_PATH }]);
      scope.get(DOCUMENT_PATH, (_request, reply) =>
        reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8').send(document()),
      );
    },
    { prefix: options.prefix },
  );
}
