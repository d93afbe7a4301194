export type ServerSettings = {
  readonly port: number;
  readonly durable: boolean;
  readonly maxConnections: number;
  /** Further server settings by name; they win over ours. */
  readonly settings?: Readonly<Record<string, string>>;
};

/**
 * The command line of the server. Settings stand here rather than in postgresql.conf, so that a directory of an earlier
 * version of ours runs under today's.
 */
export function serverArguments(dataDir: string, options: ServerSettings): string[] {
  const settings = { ...base(options), ...(options.durable ? {} : VOLATILE), ...options.settings };
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

const base = ({ port, maxConnections }: ServerSettings) => ({
  listen_addresses: '127.0.0.1',
  port: String(port),
  unix_socket_directories: '',
  max_connections: String(maxConnections),
  // initdb writes the machine's own zone into the configuration.
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '',
  log_checkpoints: 'off',
  // Statements and the DETAIL of errors ("Key (email)=(…) already exists") hold customers' data.
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
});

/** For databases that nobody misses after a crash. */
const VOLATILE = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
};
