export type SafeFetchFailure =
  | 'unsafe_url'
  | 'unsafe_address'
  | 'dns'
  | 'connect_timeout'
  | 'refused'
  | 'tls'
  | 'reset'
  | 'timeout'
  | 'protocol'
  | 'aborted';

/** A request without an answer. The message is for logs: it may name addresses. */
export class SafeFetchError extends Error {
  readonly failure: SafeFetchFailure;

  constructor(failure: SafeFetchFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SafeFetchError';
    this.failure = failure;
  }
}

const BY_CODE: readonly (readonly [RegExp, SafeFetchFailure])[] = [
  [/^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES)$/, 'refused'],
  [/^(?:ETIMEDOUT|ERR_SOCKET_CONNECTION_TIMEOUT)$/, 'connect_timeout'],
  [/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH|ERR_OSSL)/, 'tls'],
  [/^(?:HPE_|ERR_INVALID|ERR_UNESCAPED|ERR_HTTP)/, 'protocol'],
  [/^(?:ECONNRESET|EPIPE|ECONNABORTED)$/, 'reset'],
];

/** What an error of the socket or the parser comes to. */
export function toSafeFetchError(err: unknown): SafeFetchError {
  if (err instanceof SafeFetchError) return err;
  const code = err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : '';
  const failure = BY_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? 'reset';
  return new SafeFetchError(failure, err instanceof Error ? err.message : String(err), err);
}
