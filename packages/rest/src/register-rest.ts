import { MethodNotAllowed, RouteNotFound } from '@morket/contract/errors';
import { appRouter, type Context } from '@morket/rpc';
import { abortSignalOf, BODY_LIMIT_BYTES, REPLAYED, runnersOf } from '@morket/rpc/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import manifest from '../package.json' with { type: 'json' };
import type { API_PREFIX } from './api-prefix.ts';
import { asyncApiDocument } from './asyncapi/document.ts';
import { successEnvelope } from './envelope.ts';
import { type OpenApiOptions, openApiDocument } from './openapi/document.ts';
import { fastifyPath, type Operation, operations } from './operation.ts';
import { requestInput } from './request-input.ts';
import { handleError, sendFailure } from './send-failure.ts';

const OPENAPI_PATH = '/openapi.json';
const ASYNCAPI_PATH = '/asyncapi.json';

type CreateContext = (request: FastifyRequest) => Context;

export type RestOptions = {
  readonly prefix: typeof API_PREFIX;
  readonly createContext: CreateContext;
  /** What the OpenAPI document says of this deployment; the version is this package's unless said otherwise. */
  readonly openApi?: Partial<OpenApiOptions>;
};

type Runner = NonNullable<ReturnType<ReturnType<typeof runnersOf>['get']>>;

/** Runs the procedure behind an operation: authentication, permission, limits and validation are those of tRPC. */
function handlerOf(operation: Operation, run: Runner | undefined, createContext: CreateContext) {
  const { path, type } = operation.procedure;
  if (!run) throw new Error(`${path} is not on the router.`);
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const rawInput = requestInput(operation, request);
    const ctx = createContext(request);
    const result = await run({ path, type, ctx, rawInput, signal: abortSignalOf(reply), batchIndex: 0 });
    // Who took too long has been answered for.
    if (reply.sent) return reply;
    if (ctx.seen.replays) reply.header(REPLAYED, 'true');
    if (!result.ok) return sendFailure(result.error, request, reply);
    const envelope = successEnvelope(operation, result.data);
    return reply.code(operation.status).header('cache-control', 'no-store').send(envelope);
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

/** Serves a document as text, made when it is first asked for: OpenAPI's takes 50 ms, which most starts need not spend. */
function serveDocument(scope: FastifyInstance, path: string, make: () => object): void {
  let text: string | undefined;
  scope.get(path, (_request, reply) => {
    text ??= JSON.stringify(make());
    return reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8').send(text);
  });
}

/**
 * Serves one route for each procedure that has one, and the OpenAPI and AsyncAPI documents, below `prefix`. The app registers the parser of
 * application/json and sets `X-Request-Id`. Throws at start for a route that contradicts its procedure.
 */
export function registerRest(app: FastifyInstance, options: RestOptions): void {
  const all = operations();
  const runners = runnersOf(appRouter);
  const about = { version: manifest.version, ...options.openApi };

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
          handler: handlerOf(operation, runners.get(operation.procedure.path), options.createContext),
        });
      }
      const documents = [OPENAPI_PATH, ASYNCAPI_PATH].map((path) => ({ method: 'GET', path }) as const);
      refuseOtherMethods(scope, [...all, ...documents]);
      serveDocument(scope, OPENAPI_PATH, () => openApiDocument(about));
      serveDocument(scope, ASYNCAPI_PATH, () => asyncApiDocument(about));
    },
    { prefix: options.prefix },
  );
}
