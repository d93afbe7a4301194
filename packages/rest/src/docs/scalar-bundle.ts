import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Fastify from 'fastify';

const compress = promisify(gzip);

/** The script that draws the API reference; `version` changes with its content. */
export type ScalarBundle = { readonly plain: Buffer; readonly gzipped: Buffer; readonly version: string };

const ROUTE_PREFIX = '/reference';

/**
 * The standalone script of the installed package. The package carries it inside its Fastify plugin and gives it to nobody else, so it is
 * asked for over a Fastify that listens nowhere. Its own page is not used: that fixes the nonce when the plugin is registered.
 */
async function readBundle(): Promise<ScalarBundle> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const source = Fastify();
  await source.register(scalar, { routePrefix: ROUTE_PREFIX, configuration: { url: '/' } });
  const { statusCode, rawPayload } = await source.inject(`${ROUTE_PREFIX}/js/scalar.js`);
  await source.close();
  if (statusCode !== 200) throw new Error(`The Scalar package answered ${statusCode} for its script.`);
  const version = createHash('sha256').update(rawPayload).digest('hex').slice(0, 16);
  return { plain: rawPayload, gzipped: await compress(rawPayload), version };
}

/** Reads the bundle when it is first needed: importing its 4 MB takes 0.15 s, which a start without a reader need not spend. */
export function createScalarBundle(): () => Promise<ScalarBundle> {
  let reading: Promise<ScalarBundle> | undefined;
  return () => {
    reading ??= readBundle();
    return reading;
  };
}
