import { type DestinationStream, type Logger, pino } from 'pino';
import type { Env } from './env.ts';
import { scrub } from './scrub.ts';

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
  return pino(
    { ...options, formatters: {} },
    pino.transport({ target: 'pino-pretty', options: { translateTime: 'HH:MM:ss' } }),
  );
}
