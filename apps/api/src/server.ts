import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import { RouteNotFound } from '@morket/contract/errors';
import type { RunningTelemetry } from '@morket/domain/telemetry';
import { API_PREFIX, handleError, registerDocs, registerRest } from '@morket/rest';
import { appRouter, type Services } from '@morket/rpc';
import {
  BODY_LIMIT_BYTES,
  createContextFactory,
  limitHandlers,
  readJsonBytes,
  refuseKeysInUrls,
  registerTrpc,
} from '@morket/rpc/http';
import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import { drainConnections } from './drain-connections.ts';
import type { Env } from './env.ts';
import { type FormReceiver, registerFormHook } from './form-hook.ts';
import { hardeningHeaders } from './hardening-headers.ts';
import { observeRequests, serveMetrics, traceparentOf } from './http-telemetry.ts';
import { type PaymentListener, registerPaymentHook } from './payment-hook.ts';
import { logRequest, logRequests } from './request-log.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

type Options = {
  readonly services: Services;
  /** Hears the payment provider's callbacks, where there is a provider. */
  readonly recharger?: PaymentListener | null;
  /** Takes what forms of other people's pages send. */
  readonly formReceiver?: FormReceiver;
  /** Where it is measured; nowhere unless said otherwise. */
  readonly telemetry?: RunningTelemetry;
  readonly env: Env;
  readonly log: FastifyBaseLogger;
};

/** The HTTP process: limits and headers here, everything else in the transports. */
export async function buildServer({ services, recharger = null, formReceiver, telemetry, env, log }: Options) {
  const app = fastify({
    loggerInstance: log,
    // One line of our own for each request.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && UUID.test(given) ? given.toLowerCase() : randomUUID();
    },
    trustProxy: env.TRUST_PROXY.length > 0 ? env.TRUST_PROXY : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 30_000,
    handlerTimeout: 30_000,
    keepAliveTimeout: 65_000,
    maxRequestsPerSocket: 1_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    // A URL that cannot be decoded reaches no hook.
    frameworkErrors: (err, request, reply) => {
      handleError(err, request, reply);
      logRequest(request, reply);
    },
    routerOptions: { maxParamLength: 1_000 },
  });

  const hardening = await hardeningHeaders();
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(hardening).header('x-request-id', request.id);
    done();
  });
  logRequests(app);
  limitHandlers(app);
  refuseKeysInUrls(app);
  if (telemetry) observeRequests(app, telemetry.telemetry);
  // Before what waits for requests to be answered: a stream has no end of its own.
  app.addHook('preClose', async () => services.realtime.end());
  drainConnections(app);

  await app.register(cors, {
    // An exact list: an origin that is not on it gets no header, and none is ever echoed unseen.
    origin: env.CORS_ORIGIN,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'last-event-id',
      'trpc-accept',
      'x-request-id',
      'x-workspace-id',
      'x-tenant-id',
    ],
    exposedHeaders: ['x-request-id', 'retry-after', 'www-authenticate', 'idempotency-replayed'],
    credentials: true,
    maxAge: 600,
    // An OPTIONS that is no preflight is answered like one, not with a text of the library's own.
    strictPreflight: false,
  });

  // JSON alone: a form needs no preflight, so a foreign page could post one.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    readJsonBytes(body),
  );

  app.setErrorHandler(handleError);
  app.setNotFoundHandler(async () => {
    throw RouteNotFound({});
  });

  const createContext = createContextFactory({
    ...{ services, baseDomain: env.BASE_DOMAIN },
    ...(telemetry?.telemetry.isOn && { traceparentOf }),
  });
  registerTrpc(app, { router: appRouter, prefix: '/trpc', createContext });
  await registerRest(app, { prefix: API_PREFIX, createContext });
  if (recharger) registerPaymentHook(app, recharger);
  if (formReceiver) registerFormHook(app, formReceiver);
  await registerDocs(app, { openApiPath: `${API_PREFIX}/openapi.json` });
  app.get('/', (_request, reply) => reply.redirect('/docs'));
  if (env.METRICS_TOKEN !== undefined && env.METRICS_PORT === undefined) {
    serveMetrics(app, { token: env.METRICS_TOKEN, expose: telemetry?.expose ?? null });
  }
  // The short addresses that load balancers are given.
  app.get('/health', async () => ({ status: 'ok' }));
  app.get('/health/ready', async (_request, reply) => {
    const ready = await services.health.ready().then(
      () => true,
      () => false,
    );
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'unavailable' });
  });
  return app;
}

export type Server = Awaited<ReturnType<typeof buildServer>>;
