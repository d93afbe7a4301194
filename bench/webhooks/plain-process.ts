/** What one would otherwise have: so many loops that post, with nothing kept and nothing signed. */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { serveParent, serverHandlers } from '../process/serve-parent.ts';
import { BODY } from './body.ts';

type Load = { readonly port: number; readonly inFlight: number; readonly durationMs: number };

const HEADERS = { 'content-type': 'application/json' };

async function byFetch(url: string): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: HEADERS, body: BODY });
  await answer.text();
}

const agent = new Agent({ keepAlive: true });
async function byHttp(url: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { ...HEADERS, 'content-length': Buffer.byteLength(BODY) };
  const outgoing = request(url, { method: 'POST', agent, headers });
  outgoing.once('error', reject).once('response', (answer) => void text(answer).then(() => resolve(), reject));
  outgoing.end(BODY);
  await promise;
}

async function perSecond(post: (url: string) => Promise<void>, { port, inFlight, durationMs }: Load): Promise<number> {
  const startedAt = performance.now();
  let posted = 0;
  const loop = async () => {
    while (performance.now() - startedAt < durationMs) {
      await post(`http://127.0.0.1:${port}/plain`);
      posted += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return (posted * 1_000) / (performance.now() - startedAt);
}

const handlers = {
  ...serverHandlers,
  fetch: (load: Load) => perSecond(byFetch, load),
  http: (load: Load) => perSecond(byHttp, load),
};
export type PlainHandlers = typeof handlers;
serveParent(handlers);
