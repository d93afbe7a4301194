import { KeyInUrl } from '@morket/contract/errors';
import type { FastifyInstance } from 'fastify';

/** As it stands in an address, where an underscore may be encoded. */
const KEY = /mk(?:_|%5f)live(?:_|%5f)[0-9a-z]{40}/i;

/**
 * Refuses requests with an API key in their address, wherever it stands there and good or not, before anything else looks at them: by
 * then it is in histories and in the logs of proxies. Answers `access.key_in_url`.
 */
export function refuseKeysInUrls(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    done(KEY.test(request.url) ? KeyInUrl({}) : undefined);
  });
}
