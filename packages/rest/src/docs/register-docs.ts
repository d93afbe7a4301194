import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { docsPage, docsPolicy } from './page.ts';
import { createScalarBundle } from './scalar-bundle.ts';

const PAGE_PATH = '/docs';
const SCRIPT_PATH = '/docs/scalar.js';

/**
 * Serves the API reference at `/docs`, all of it from this process. `openApiPath` is where the document stands on the same origin.
 * Helmet may set a policy for the whole app: the page's own header is set later and so replaces it.
 */
export function registerDocs(app: FastifyInstance, options: { readonly openApiPath: string }): void {
  const bundle = createScalarBundle();

  async function page(_request: FastifyRequest, reply: FastifyReply) {
    const { version } = await bundle();
    const nonce = randomBytes(16).toString('base64');
    const scriptPath = `${SCRIPT_PATH}?v=${version}`;
    return reply
      .header('content-security-policy', docsPolicy(nonce))
      .header('cache-control', 'no-store') // a kept page would repeat its nonce
      .type('text/html; charset=utf-8')
      .send(docsPage({ openApiPath: options.openApiPath, scriptPath, nonce }));
  }

  async function script(request: FastifyRequest, reply: FastifyReply) {
    const { plain, gzipped } = await bundle();
    const zip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    if (zip) reply.header('content-encoding', 'gzip');
    return reply
      .header('cache-control', 'public, max-age=31536000, immutable') // its address changes with its content
      .header('vary', 'accept-encoding')
      .type('text/javascript; charset=utf-8')
      .send(zip ? gzipped : plain);
  }

  app.get(PAGE_PATH, page);
  app.get(`${PAGE_PATH}/`, page);
  app.get(SCRIPT_PATH, script);
}
