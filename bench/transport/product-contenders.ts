import { isDeepStrictEqual } from 'node:util';
import { deserialize, type SuperJSONResult } from 'superjson';
import { answerTo, type HttpRequest } from '../load/http-request.ts';
import { startChild } from '../process/child.ts';
import type { ServerHandlers, ServerReady } from '../process/serve-parent.ts';
import { startPostgres } from '../product/postgres.ts';
import type { ProductReady } from '../product/product-server.ts';
import type { Run } from '../run.ts';
import type { Entry } from './entry.ts';

export const PRODUCT_SILENT = 'workspace.get / Morket';
export const PRODUCT_LOGGING = 'workspace.get / Morket, logging';
export const HAND_WRITTEN = 'a hand-written Fastify route';
export const HAND_WRITTEN_PREPARED = 'the same, its query prepared';

/** One token after the other, each for a workspace of its own: nobody's row, and nobody's signature, is the only one. */
const CALLERS = '300';

const PRODUCT = new URL('../product/product-server.ts', import.meta.url);
const BY_HAND = new URL('./servers/hand-written.ts', import.meta.url);

/** The product, and the same call written by hand, on one database and with the same tokens. Throws when their answers differ. */
export async function startProductContenders({ cleanUp, say }: Run): Promise<Entry[]> {
  say('Starting PostgreSQL, the product and its hand-written counterpart');
  const { url, directory } = await startPostgres(cleanUp);
  const startProduct = (level: string) => {
    const env = { DATABASE_URL: url, LOG_LEVEL: level, MORKET_BENCH_DIR: directory, CALLERS };
    return startChild<ProductReady, ServerHandlers>(PRODUCT, { cleanUp, env });
  };
  const startByHand = (prepared: string) => {
    const env = { DATABASE_URL: url, PREPARED: prepared };
    return startChild<ServerReady, ServerHandlers>(BY_HAND, { cleanUp, env });
  };
  const silent = await startProduct('silent');
  const logging = await startProduct('info');
  const entries: Entry[] = [
    { name: PRODUCT_SILENT, server: silent, request: requestsOf(silent.ready) },
    { name: HAND_WRITTEN, server: await startByHand('0'), request: requestsOf(silent.ready) },
    { name: HAND_WRITTEN_PREPARED, server: await startByHand('1'), request: requestsOf(silent.ready) },
    { name: PRODUCT_LOGGING, server: logging, request: requestsOf(logging.ready) },
  ];
  // The same sessions in each of them; the logging product has its own.
  const alike = entries.filter(({ server }) => server !== logging);
  const answers = await Promise.all(alike.map(({ server }) => answerTo(requestOf(silent.ready), server.ready.port)));
  if (!answers.every((answer) => isDeepStrictEqual(dataOf(answer), dataOf(answers[0])))) {
    throw new Error(`The hand-written route answers otherwise than the product: ${JSON.stringify(answers)}`);
  }
  return entries;
}

const requestsOf = ({ callers }: ProductReady): readonly HttpRequest[] => callers.map(requestOf);

function requestOf({ workspaceId, accessToken }: ProductReady['callers'][number]): HttpRequest {
  const input = encodeURIComponent(JSON.stringify({ workspaceId }));
  const headers = { authorization: `Bearer ${accessToken}` };
  return { method: 'GET', path: `/trpc/workspace.get?input=${input}`, headers };
}

/** What a client makes of the envelope; of another shape it throws. */
function dataOf(answer: unknown): unknown {
  return deserialize((answer as { result: { data: SuperJSONResult } }).result.data);
}
