import helmet from '@fastify/helmet';
import { fastify } from 'fastify';

const YEAR_SECONDS = 365 * 24 * 3_600;
/** What Fastify and Node say of any answer. */
const OF_THE_ANSWER: ReadonlySet<string> = new Set(['content-length', 'content-type', 'connection', 'date']);

/**
 * The headers that helmet sets under the policy of an API. They are the same for every answer, so it is asked once: for each request it
 * would put its policy together anew, which costs more than a small call.
 */
export async function hardeningHeaders(): Promise<Readonly<Record<string, string>>> {
  const asked = fastify();
  await asked.register(helmet, {
    contentSecurityPolicy: {
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"], 'base-uri': ["'none'"] },
      useDefaults: false,
    },
    strictTransportSecurity: { maxAge: YEAR_SECONDS, includeSubDomains: true },
    crossOriginResourcePolicy: { policy: 'same-site' },
  });
  asked.get('/', (_request, reply) => reply.send());
  const { headers } = await asked.inject('/');
  await asked.close();
  const entries = Object.entries(headers).filter(([name]) => !OF_THE_ANSWER.has(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
