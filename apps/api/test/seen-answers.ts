import {
  createTRPCUntypedClient,
  type HTTPBatchLinkOptions,
  type TRPCLink,
  type TRPCUntypedClient,
} from '@trpc/client';
import { transformer, type WireRouter } from './wire-router.ts';

export type Client = TRPCUntypedClient<WireRouter>;

/** An answer as it came over the wire. */
export type Seen = {
  readonly method: string;
  readonly status: number;
  readonly type: string | null;
  readonly vary: readonly string[];
  readonly marks: string | null;
  /** JSON read; the lines of a stream in any order. */
  readonly body: unknown;
};

function readBody(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.length > 1 ? lines.toSorted() : JSON.parse(text);
}

export function seenOf(method: string, answer: Response, text: string): Seen {
  const type = answer.headers.get('content-type')?.split(';')[0] ?? null;
  return {
    method,
    status: answer.status,
    type,
    vary: (answer.headers.get('vary') ?? '').split(', ').toSorted(),
    marks: answer.headers.get('x-mark'),
    body: text === '' ? null : readBody(text),
  };
}

type Fetch = NonNullable<HTTPBatchLinkOptions<WireRouter['_def']['_config']['$types']>['fetch']>;
type LinkOptions = { readonly url: string; readonly transformer: typeof transformer; readonly fetch: Fetch };
export type MakeLink = (options: LinkOptions) => TRPCLink<WireRouter>;

/** What a client of an official link gets from a server, and what came over the wire meanwhile. */
export async function over(origin: string, makeLink: MakeLink, work: (client: Client) => Promise<unknown>) {
  const seen: Seen[] = [];
  const record: Fetch = async (url, init) => {
    // The link's own init is that of the platform's fetch; its type is a subset.
    const answer = await fetch(String(url), init as RequestInit);
    const text = await answer.text();
    seen.push(seenOf(init?.method ?? 'GET', answer, text));
    return new Response(text, answer);
  };
  const client = createTRPCUntypedClient<WireRouter>({
    links: [makeLink({ url: `${origin}/trpc`, transformer, fetch: record })],
  });
  const outcome = await work(client).then(
    (data) => ({ data }),
    (err: unknown) => ({ err }),
  );
  return { outcome, seen };
}
