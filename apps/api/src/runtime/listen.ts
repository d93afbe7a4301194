import type { FastifyInstance } from 'fastify';
import type { Env } from '../env.ts';

const DEFAULT_PORT = 3_000;
const TRIES = 20;

export const isTaken = (err: unknown): boolean => err instanceof Error && 'code' in err && err.code === 'EADDRINUSE';

/** Opens the port. One that was asked for must be free; the default gives way to the next free one. */
export async function listen(app: FastifyInstance, env: Env): Promise<URL> {
  const host = env.HOST ?? (env.NODE_ENV === 'production' ? '0.0.0.0' : '127.0.0.1');
  const first = env.PORT ?? DEFAULT_PORT;
  for (let port = first; ; port += 1) {
    try {
      const address = await app.listen({ host, port });
      return new URL(address.replace('127.0.0.1', 'localhost'));
    } catch (err) {
      if (isTaken(err) && env.PORT !== undefined) throw new PortTaken(port);
      if (!isTaken(err) || port >= first + TRIES) throw err;
    }
  }
}

/** The port that was asked for belongs to another process. */
export class PortTaken extends Error {
  constructor(port: number, variable: 'PORT' | 'METRICS_PORT' = 'PORT') {
    const orNone = variable === 'PORT' ? ', or leave PORT out to take the next free one' : '';
    super(`Port ${port} is taken. Choose another one with ${variable}${orNone}.`);
    this.name = 'PortTaken';
  }
}
