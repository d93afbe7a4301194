import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isAllowedAddress } from './address.model.ts';
import { createDnsResolve, type Resolve, systemResolve } from './resolver.ts';
import { SafeFetchError, toSafeFetchError } from './safe-fetch-error.ts';
import { parseTarget, type TargetPolicy } from './target.model.ts';

export type SafeRequest = {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
};

export type SafeAnswer = {
  readonly status: number;
  readonly headers: Readonly<IncomingMessage['headers']>;
  /** At most `maxBodyBytes`, as it came: nothing is decompressed. */
  readonly body: Buffer;
  /** Whether there was more, which nobody has read. */
  readonly isCut: boolean;
};

export type SafeFetch = {
  /** Redirects are answers like any other. Throws `SafeFetchError`. */
  send(request: SafeRequest): Promise<SafeAnswer>;
  /** Closes idle connections. */
  close(): void;
};

type Options = {
  readonly policy: TargetPolicy;
  readonly resolve?: Resolve;
  readonly connectTimeoutMs?: number;
  /** From the first look-up of the name to the last byte of the answer. */
  readonly totalTimeoutMs?: number;
  readonly maxBodyBytes?: number;
};

const IDLE_MS = 10_000;
const MAX_HEADER_BYTES = 16_384;

/**
 * Requests to addresses that strangers choose. Name and port are judged before, every address a name leads to is judged when it is
 * connected to, and the connection goes to the address that was judged: a name that leads elsewhere a moment later gains nothing. No
 * redirects, no cookies, no proxy of the environment, nothing compressed.
 */
export function createSafeFetch(options: Options): SafeFetch {
  const { policy, connectTimeoutMs = 5_000, totalTimeoutMs = 15_000, maxBodyBytes = 65_536 } = options;
  const resolve = options.resolve ?? (policy.allowPrivate ? systemResolve : createDnsResolve());

  async function judge(host: string): Promise<readonly string[]> {
    const addresses = await resolve(host).catch((err: unknown) => {
      throw new SafeFetchError('dns', `${host} has no address.`, err);
    });
    if (addresses.length === 0) throw new SafeFetchError('dns', `${host} has no address.`);
    // One bad address spoils the name: the next connection might be given that one.
    const refused = addresses.find((address) => !isAllowedAddress(address, policy));
    if (refused !== undefined) throw new SafeFetchError('unsafe_address', `${host} leads to ${refused}.`);
    return addresses;
  }

  const lookup: LookupFunction = (host, { all }, callback) => {
    judge(host).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first = { address: '', family: 0 }] = found; // judge gives at least one
        if (all) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (err: Error) => callback(err, '', 0),
    );
  };

  const kept = { keepAlive: true, scheduling: 'lifo', timeout: IDLE_MS, lookup } as const;
  const agents = {
    'http:': { kept: new HttpAgent(kept), fresh: new HttpAgent({ lookup }) },
    'https:': { kept: new HttpsAgent(kept), fresh: new HttpsAgent({ lookup }) },
  };

  function open(url: URL, request: SafeRequest, connection: 'kept' | 'fresh'): ClientRequest {
    const protocol = url.protocol === 'http:' ? 'http:' : 'https:';
    const headers = {
      ...request.headers,
      'accept-encoding': 'identity',
      ...(request.body !== undefined && { 'content-length': Buffer.byteLength(request.body) }),
    };
    const { method } = request;
    const settings = { method, headers, agent: agents[protocol][connection], maxHeaderSize: MAX_HEADER_BYTES };
    return protocol === 'http:' ? httpRequest(url, settings) : httpsRequest(url, settings);
  }

  /** A header that is none makes the request fail before it begins. */
  function opened(...args: Parameters<typeof open>): ClientRequest {
    try {
      return open(...args);
    } catch (err) {
      throw toSafeFetchError(err);
    }
  }

  function exchange(outgoing: ClientRequest, { body, signal }: SafeRequest, leftMs: number): Promise<SafeAnswer> {
    const { promise, resolve: answer, reject } = Promise.withResolvers<SafeAnswer>();
    const giveUp = (err: SafeFetchError) => {
      reject(err);
      outgoing.destroy();
    };
    const total = setTimeout(() => giveUp(new SafeFetchError('timeout', 'No whole answer in time.')), leftMs);
    const onAbort = () => giveUp(new SafeFetchError('aborted', 'The request was given up.'));
    signal?.addEventListener('abort', onAbort);
    outgoing.once('socket', (socket) => {
      if (!socket.connecting) return;
      const late = () => giveUp(new SafeFetchError('connect_timeout', 'No connection in time.'));
      const connecting = setTimeout(late, connectTimeoutMs);
      const isOver = () => clearTimeout(connecting);
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', isOver).once('close', isOver);
    });
    outgoing.on('error', (err) => reject(toSafeFetchError(err)));
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (isCut: boolean) => {
        const { statusCode: status = 0, headers } = incoming;
        answer({ status, headers, body: Buffer.concat(chunks), isCut });
      };
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk.subarray(0, maxBodyBytes - size));
        size += chunk.length;
        if (size <= maxBodyBytes) return;
        done(true);
        outgoing.destroy();
      });
      incoming.once('end', () => done(false));
      incoming.on('error', (err) => reject(toSafeFetchError(err)));
    });
    outgoing.end(body);
    return promise.finally(() => {
      clearTimeout(total);
      signal?.removeEventListener('abort', onAbort);
    });
  }

  async function send(request: SafeRequest): Promise<SafeAnswer> {
    // An address in place of a name is never looked up, so that it is judged here.
    const target = parseTarget(request.url, policy);
    if ('unsafe' in target) throw new SafeFetchError('unsafe_url', `The URL is not allowed: ${target.unsafe}.`);
    if (request.signal?.aborted) throw new SafeFetchError('aborted', 'The request was given up.');
    const startedAt = performance.now();
    const outgoing = opened(target.url, request, 'kept');
    try {
      return await exchange(outgoing, request, totalTimeoutMs);
    } catch (err) {
      // The other side closes an idle connection just as it is used again; nothing is wrong with it.
      const isStale = err instanceof SafeFetchError && err.failure === 'reset' && outgoing.reusedSocket;
      if (!isStale) throw err;
      const leftMs = totalTimeoutMs - (performance.now() - startedAt);
      return exchange(opened(target.url, request, 'fresh'), request, leftMs);
    }
  }

  return {
    send,
    close() {
      for (const { kept: idle, fresh } of Object.values(agents)) {
        idle.destroy();
        fresh.destroy();
      }
    },
  };
}
