import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it arrived, with what tests ask of it. */
export type ReceivedSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly service: string;
};

type Value = Readonly<Record<string, unknown>>;
type Wire = {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly { readonly key: string; readonly value: Value }[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly kind: number;
        readonly status?: { readonly code?: number };
        readonly attributes?: readonly { readonly key: string; readonly value: Value }[];
      }[];
    }[];
  }[];
};

const ERROR = 2;
const valuesOf = (attributes: readonly { readonly key: string; readonly value: Value }[] = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

function spansIn({ resourceSpans = [] }: Wire): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name, kind, status, attributes }) => ({
        ...{ traceId, spanId, name, kind },
        parentSpanId: parentSpanId ? parentSpanId : null,
        failed: status?.code === ERROR,
        attributes: valuesOf(attributes),
        service: String(valuesOf(resource?.attributes)['service.name']),
      })),
    ),
  );
}

/** A receiver of OTLP over HTTP in JSON, such as a collector is, that keeps what it gets. */
export async function startOtlpReceiver() {
  const spans: ReceivedSpan[] = [];
  const requests: { readonly url: string; readonly headers: NodeJS.Dict<string | string[]> }[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ url: request.url ?? '', headers: request.headers });
      if (status === 200) spans.push(...spansIn(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Wire));
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    answerWith: (next: number) => {
      status = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export type OtlpReceiver = Awaited<ReturnType<typeof startOtlpReceiver>>;
