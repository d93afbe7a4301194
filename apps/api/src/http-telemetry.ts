import { RouteNotFound } from '@morket/contract/errors';
import { bearsToken, type RunningTelemetry, type Span, type Telemetry } from '@morket/domain/telemetry';
import { API_PREFIX } from '@morket/rest';
import { procedures } from '@morket/rpc';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { onSettled } from './request-log.ts';

const TRPC_PREFIX = '/trpc/';

/**
 * What a request is called in metrics and traces: its procedure, else the pattern of its route. Never what the caller wrote: names that do
 * not exist are one name.
 */
function namer(): (request: FastifyRequest) => string {
  const all = procedures();
  const known = new Set(all.map(({ path }) => path));
  const byRoute: ReadonlyMap<string, string> = new Map(
    all.flatMap(({ path, rest }) =>
      rest ? [[`${rest.method} ${API_PREFIX}${rest.path.replaceAll(/\{(\w+)\}/g, ':$1')}`, path] as const] : [],
    ),
  );
  return ({ method, url, routeOptions }) => {
    const route = routeOptions.url;
    if (route === undefined) return 'unknown';
    if (!route.startsWith(TRPC_PREFIX)) return byRoute.get(`${method} ${route}`) ?? route;
    const name = url.slice(TRPC_PREFIX.length).split('?', 1)[0] ?? '';
    if (known.has(name)) return name;
    return name.includes(',') ? 'batch' : 'unknown';
  };
}

const SPAN = Symbol('span');
type Traced = FastifyRequest & { [SPAN]?: Span };

/** The trace context that belongs to a request; undefined where traces are off. */
export const traceparentOf = (request: Traced): string | undefined => request[SPAN]?.traceparent;

/** Measures each request and makes it a span below the caller's, if it sent a good `traceparent`. Without telemetry no hook is added. */
export function observeRequests(app: FastifyInstance, telemetry: Telemetry): void {
  if (!telemetry.isOn) return;
  const nameOf = namer();
  const streams: ReadonlySet<string> = new Set(
    procedures().flatMap(({ path, type }) => (type === 'subscription' ? [path] : [])),
  );

  app.addHook('onRequest', (request: Traced, reply, done) => {
    const procedure = nameOf(request);
    const parent = request.headers.traceparent;
    const closed = Promise.withResolvers<void>();
    onSettled(reply, (status) => {
      request[SPAN]?.set({ 'http.response.status_code': status });
      // A stream is as long as somebody listens, which is no measure of ours.
      if (!streams.has(procedure)) {
        telemetry.observe('morket_http_request_seconds', reply.elapsedTime / 1_000, { procedure, status });
      }
      closed.resolve();
    });
    const work = telemetry.span(`http.request ${procedure}`, typeof parent === 'string' ? parent : null, (span) => {
      request[SPAN] = span;
      span.set({
        ...{ 'morket.procedure': procedure, 'morket.request_id': request.id, 'http.request.method': request.method },
      });
      done();
      return closed.promise;
    });
    work.catch(() => undefined);
  });
}

/** Serves the metrics on the main port to who bears the token; to everybody else there is nothing at this address. */
export function serveMetrics(
  app: FastifyInstance,
  options: { readonly token: string; readonly expose: RunningTelemetry['expose'] },
) {
  const { token, expose } = options;
  app.get('/metrics', async (request, reply) => {
    if (!expose || !bearsToken(request.headers.authorization, token)) throw RouteNotFound({});
    const { contentType, text } = await expose();
    return reply.header('cache-control', 'no-store').type(contentType).send(text);
  });
}
