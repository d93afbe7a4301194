import { type EventEmitter, on, once } from 'node:events';
import type { Context } from '@morket/rpc';
import { initTRPC, TRPCError, tracked } from '@trpc/server';
import superjson from 'superjson';
import { z } from 'zod';

const plainJson = { serialize: (value: unknown) => value, deserialize: (value: unknown) => value };

/** The transformer of the product, for links. */
export const transformer = { input: plainJson, output: superjson };

// tRPC's own error formatter: nothing of ours stands between the two adapters.
const t = initTRPC.context<Context>().create({ transformer, isDev: false });

const CODES = [
  'BAD_REQUEST',
  'UNAUTHORIZED',
  'PAYMENT_REQUIRED',
  'FORBIDDEN',
  'CONFLICT',
  'PRECONDITION_FAILED',
  'TOO_MANY_REQUESTS',
  'INTERNAL_SERVER_ERROR',
  'SERVICE_UNAVAILABLE',
] as const;
export const CODE_NAMES: readonly (typeof CODES)[number][] = CODES;

const at = new Date('2026-03-04T05:06:07.089Z');
const Told = z.object({
  text: z.string(),
  at: z.date(),
  'a.b\\c': z.object({ at: z.date().nullable() }),
  list: z.array(z.object({ at: z.date(), n: z.number() })),
  maybe: z.string().optional(),
});

/** What procedures that wait tell, each with the name it was called by; and `said`, which some wait for. */
export type Waiting = EventEmitter<Record<'started' | 'aborted' | 'ended' | 'said', [text: string]>>;

async function untilAborted(waiting: Waiting, name: string, signal: AbortSignal | undefined): Promise<never> {
  if (!signal) throw new Error('There is a signal for every call.');
  const aborted = signal.aborted ? Promise.resolve() : once(signal, 'abort');
  waiting.emit('started', name);
  await aborted;
  waiting.emit('aborted', name);
  throw signal.reason;
}

/** Procedures with everything that the product has none of. */
export function createWireRouter(waiting: Waiting) {
  const Named = z.object({ name: z.string() });
  return t.router({
    pong: t.procedure.query(() => 'pong'),
    echo: t.procedure
      .input(z.object({ text: z.string().max(5_000), count: z.number().optional() }))
      .query(({ input }) => input),
    told: t.procedure
      .input(z.object({ maybe: z.literal('undefined').optional() }).optional())
      .output(Told)
      .query(({ input }) => ({
        text: 'Größe "中文" 🚀 \u2028 </script>',
        at: new Date(at),
        'a.b\\c': { at: new Date(0) },
        list: [
          { at, n: 1.5 },
          { at: new Date(1), n: 0 },
        ],
        ...(input?.maybe ? { maybe: undefined } : {}),
      })),
    twice: t.procedure.output(z.object({ from: z.date(), to: z.date() })).query(() => ({ from: at, to: at })),
    everything: t.procedure.query(() => ({
      at,
      again: at,
      big: 2n ** 70n,
      nothing: undefined,
      map: new Map<unknown, unknown>([
        ['a.b', at],
        [{ key: 1 }, new Set([1, 'x'])],
      ]),
      numbers: [-0, Number.NaN, Infinity, -Infinity, 0.1 + 0.2],
      pattern: /a+b/giu,
      url: new URL('https://example.com/ö?x=1'),
      err: new RangeError('kept as a value'),
      'a.b': { 'c\\d': at },
    })),
    nothing: t.procedure.query(() => undefined),
    nothingDeclared: t.procedure
      .input(z.void())
      .output(z.void())
      .query(() => undefined),
    nul: t.procedure.query(() => null),
    write: t.procedure.input(z.object({ text: z.string() })).mutation(({ input }) => ({ ...input, at })),
    touch: t.procedure.mutation(() => undefined),
    any: t.procedure.input(z.unknown()).mutation(({ input }) => ({ given: input })),
    asked: t.procedure.input(z.unknown()).query(({ input }) => ({ given: input })),
    refuse: t.procedure.input(z.object({ code: z.enum(CODES) })).query(({ input }) => {
      throw new TRPCError({ code: input.code, message: `refused: ${input.code}` });
    }),
    fault: t.procedure.query(() => {
      throw new Error('a fault');
    }),
    broken: t.procedure.output(z.object({ a: z.string() })).query(() => ({ a: 1 }) as unknown as { a: string }), // wrong on purpose
    unwritable: t.procedure.query(() => ({ constructor: 1 })),
    promised: t.procedure.query(() => ({ now: 1, later: Promise.resolve({ at }) })),
    pieces: t.procedure.query(async function* () {
      yield 1;
      yield { at };
    }),
    piecesUnwritable: t.procedure.query(async function* () {
      yield 1;
      yield { constructor: 1 };
      yield 2;
    }),
    deep: t.router({ er: t.router({ still: t.procedure.query(({ path }) => path) }) }),
    wait: t.procedure.input(Named).query(({ input, signal }) => untilAborted(waiting, input.name, signal)),
    heed: t.procedure.query(({ signal }) => {
      signal?.addEventListener('abort', () => waiting.emit('aborted', 'heed'));
      return null;
    }),
    waitToWrite: t.procedure.input(Named).mutation(({ input, signal }) => untilAborted(waiting, input.name, signal)),
    count: t.procedure
      .input(z.object({ upTo: z.number(), lastEventId: z.string().optional() }))
      .subscription(async function* ({ input }) {
        for (let n = Number(input.lastEventId ?? 0) + 1; n <= input.upTo; n += 1) yield tracked(String(n), { n, at });
      }),
    countAndFail: t.procedure.subscription(async function* () {
      yield { n: 1n };
      throw new Error('a fault in a stream');
    }),
    refuseToCount: t.procedure.subscription(() => {
      throw new TRPCError({ code: 'FORBIDDEN', message: 'refused' });
    }),
    listen: t.procedure.input(Named).subscription(async function* ({ input, signal }) {
      try {
        // Before the first word, so that none is missed after it.
        const said = on(waiting, 'said', signal ? { signal } : {});
        yield 'listening';
        for await (const [text] of said) yield String(text);
      } finally {
        waiting.emit('ended', input.name);
      }
    }),
    hear: t.procedure.query(async () => {
      const said = once(waiting, 'said');
      waiting.emit('started', 'hear');
      const [text] = await said;
      return { text: String(text), at };
    }),
  });
}

export type WireRouter = ReturnType<typeof createWireRouter>;
