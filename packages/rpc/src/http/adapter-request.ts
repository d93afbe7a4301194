import { MalformedRequest, UnsupportedMediaType } from '@morket/contract/errors';
import { isStorableText } from '@morket/contract/primitives';
import type { FastifyRequest } from 'fastify';
import { readJson } from './json-body.ts';

/** tRPC's adapter takes a body of these types past JSON. */
const READ_OTHERWISE: ReadonlySet<string> = new Set(['multipart/form-data', 'application/octet-stream']);
/** What the adapter reads from the address. */
const PARAMETERS = ['batch', 'input', 'lastEventId', 'Last-Event-Id', 'connectionParams'] as const;

type Parameters = Readonly<Partial<Record<(typeof PARAMETERS)[number], unknown>>>;

/** The adapter reads the raw address again: where it would find something else there than was checked, nothing is called. */
function parametersOf(request: FastifyRequest): Parameters {
  const address = URL.parse(request.raw.url ?? '', `http://${request.headers.host ?? 'localhost'}`);
  if (!address) throw MalformedRequest({ reason: 'its address is not valid' });
  const checked = request.query as Parameters; // an object of whatever stood there
  for (const name of PARAMETERS) {
    const [given, ...others] = address.searchParams.getAll(name);
    if (others.length > 0) throw MalformedRequest({ reason: `the parameter ${name} is given more than once` });
    if (given !== checked[name]) throw MalformedRequest({ reason: `the parameter ${name} is not valid UTF-8` });
  }
  return checked;
}

function assertConnectionParams(given: unknown): void {
  if (typeof given !== 'string') return;
  const params = readJson(given);
  if (params === null) return;
  if (typeof params === 'object' && Object.values(params).every((value) => typeof value === 'string')) return;
  throw MalformedRequest({ reason: 'connectionParams is an object of texts' });
}

/**
 * Refuses what tRPC's adapter would read differently from us, or refuse without knowing whose request it is. Throws
 * `request.malformed` and `request.unsupported_media_type`.
 */
export function assertForAdapter(request: FastifyRequest): void {
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== undefined && READ_OTHERWISE.has(mediaType)) throw UnsupportedMediaType({});
  const { connectionParams, ...parameters } = parametersOf(request);
  assertConnectionParams(connectionParams);
  const eventIds = [request.headers['last-event-id'], parameters.lastEventId, parameters['Last-Event-Id']];
  for (const id of eventIds) {
    if (typeof id === 'string' && !isStorableText(id)) throw MalformedRequest({ reason: 'its event id is not valid' });
  }
}
