import { isIP } from 'node:net';
import { RESERVED_SLUGS } from '@morket/contract/workspace';
import type { FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import type { Services } from '../ports/index.ts';

const MAX_USER_AGENT_LENGTH = 300;
const BEARER = /^Bearer ([\w.~+/-]+=*)$/i;

const headerOf = (request: FastifyRequest, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
};

/** An empty one is a mistake to be told, not a call without a key. */
const idempotencyKeyOf = ({ headers }: FastifyRequest): string | null => {
  const value = headers['idempotency-key'];
  return typeof value === 'string' ? value : null;
};

/** Null without a header; a header that is no bearer token is a bad token, not a missing one. */
const bearerOf = (header: string | null): string | null => header && (BEARER.exec(header)?.[1] ?? '');

/** `acme` of `acme.morket.example` under the base domain `morket.example`. */
function subdomainOf(host: string, baseDomain: string | undefined): string | undefined {
  if (baseDomain === undefined) return undefined;
  const suffix = `.${baseDomain}`;
  const name = host.split(':')[0]?.toLowerCase() ?? '';
  const label = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
  return label === '' || label.includes('.') || RESERVED_SLUGS.has(label) ? undefined : label;
}

/** The address of the caller; null where a proxy passes on something that is none. */
export const addressOf = (request: FastifyRequest): string | null => (isIP(request.ip) ? request.ip : null);

/** Makes the context of each request: headers read once, nothing verified yet, never throws. */
export function createContextFactory(deps: {
  readonly services: Services;
  readonly baseDomain?: string | undefined;
  /** The trace context of a request; absent where traces are off. */
  readonly traceparentOf?: ((request: FastifyRequest) => string | undefined) | undefined;
}) {
  return (request: FastifyRequest): Context => ({
    origin: {
      requestId: request.id,
      ip: addressOf(request),
      userAgent: headerOf(request, 'user-agent')?.toWellFormed().slice(0, MAX_USER_AGENT_LENGTH) ?? null,
      traceparent: deps.traceparentOf?.(request),
    },
    bearer: bearerOf(headerOf(request, 'authorization')),
    apiKey: headerOf(request, 'x-api-key'),
    workspaceHeaders: [headerOf(request, 'x-workspace-id'), headerOf(request, 'x-tenant-id')].filter(
      (id) => id !== null,
    ),
    subdomain: subdomainOf(request.host, deps.baseDomain),
    idempotencyKey: idempotencyKeyOf(request),
    services: deps.services,
    log: request.log,
    seen: seenOf(request),
  });
}

const SEEN = Symbol('seen');
type Seeing = FastifyRequest & { [SEEN]?: Context['seen'] };

/**
 * Who was seen calling in this request, and where: filled by the procedures, read by the log line at its end. It is kept on the request:
 * an entry in a WeakMap takes 1 µs, a twentieth of a small call, most of it in the garbage collector.
 */
export function seenOf(request: Seeing): Context['seen'] {
  request[SEEN] ??= {};
  return request[SEEN];
}
