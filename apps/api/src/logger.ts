import { type DestinationStream, type Logger, pino } from 'pino';
import type { Env } from './env.ts';
import { scrub } from './scrub.ts';

/** One line for each request, as a person reads it; what is not said there follows in braces. */
const PRETTY = {
  translateTime: 'HH:MM:ss',
  singleLine: true,
  messageFormat: '{msg}{if method} {method} {path} {statusCode} {responseTime} ms{end}',
  ignore: 'method,path,statusCode,responseTime,ip',
};

/** JSON lines, readable ones on a terminal. Every line is scrubbed on its way out, whoever wrote it. */
export function createLogger(env: Pick<Env, 'LOG_LEVEL'>, destination?: DestinationStream): Logger {
  const options = {
    level: env.LOG_LEVEL,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: scrub },
  };
  if (destination) return pino(options, destination);
  if (!process.stdout.isTTY) return pino(options);
  return pino({ ...options, formatters: {} }, pino.transport({ target: 'pino-pretty', options: PRETTY }));
}
