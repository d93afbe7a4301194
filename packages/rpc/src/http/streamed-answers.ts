import type { AnyTRPCRouter } from '@trpc/server';

/** tRPC's numbers for a promise among streamed answers, and for how a promise and an iterable fail. */
const PROMISE = 0;
const REJECTED = 1;
const ITERABLE_FAILED = 2;

type Pending = { readonly kind: unknown; readonly index: number };
/** A value, and for each promise or iterable in it: the key, the kind, and the number under which it comes later. */
type Encoded = readonly [unknown, ...(readonly [key: unknown, kind: unknown, id: unknown])[]];

const isEncoded = (value: unknown): value is Encoded => Array.isArray(value) && value.slice(1).every(Array.isArray);

/**
 * Serializes the lines of a streamed batch so that an answer which cannot be written fails alone: in tRPC's producer it breaks off the
 * whole stream, and nobody is told. `failureOf` gives what the caller of that answer hears.
 */
function lineSerializer(serialize: (line: unknown) => unknown, failureOf: (err: unknown, index: number) => unknown) {
  const pending = new Map<unknown, Pending>();
  const expect = (value: unknown, index: number): void => {
    if (!isEncoded(value)) return;
    for (const [, kind, id] of value.slice(1) as [unknown, unknown, unknown][]) pending.set(id, { kind, index }); // as checked
  };

  return (line: unknown): unknown => {
    if (!Array.isArray(line)) {
      for (const [index, value] of Object.entries(line ?? {})) expect(value, Number(index));
      return serialize(line);
    }
    const [id, , value] = line;
    const known = pending.get(id);
    if (!known) return serialize(line);
    try {
      const written = serialize(line);
      expect(value, known.index);
      return written;
    } catch (err) {
      return serialize([id, known.kind === PROMISE ? REJECTED : ITERABLE_FAILED, failureOf(err, known.index)]);
    }
  };
}

/** The same router for one streamed batch, whose answers fail one by one. */
export function routerForStream(
  router: AnyTRPCRouter,
  failureOf: (err: unknown, index: number) => unknown,
): AnyTRPCRouter {
  const config = router._def._config;
  const { input, output } = config.transformer;
  const serialize = lineSerializer((line) => output.serialize(line), failureOf);
  const transformer = { input, output: { ...output, serialize } };
  return { ...router, _def: { ...router._def, _config: { ...config, transformer } } };
}
