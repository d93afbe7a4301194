import type { DomainError } from '@morket/contract/errors';
import { MalformedRequest } from '@morket/contract/errors';
import {
  type AnyTRPCProcedure,
  type AnyTRPCRouter,
  getErrorShape,
  getTRPCErrorFromUnknown,
  TRPCError,
  type TRPCProcedureType,
  transformTRPCResponse,
} from '@trpc/server';
import { getHTTPStatusCode } from '@trpc/server/http';
import type { TRPCResponse } from '@trpc/server/rpc';
import superjson from 'superjson';
import type { Context } from '../context.ts';
import { domainErrorOf, toTrpcError } from '../errors.ts';
import { planOf, type WireSerializer, wireSerializer } from '../wire/index.ts';
import { type ProcedureCall, procedureRunner, type Result } from './run-procedure.ts';
import { type Settled, settle } from './settle.ts';

type Known = {
  readonly run: (call: ProcedureCall) => Settled<Result>;
  readonly type: TRPCProcedureType;
  readonly write: WireSerializer;
  /** Whether its schema leaves open that it gives its output in pieces. */
  readonly mayStream: boolean;
};

/** The answer to one call: an envelope as text, and what the whole request makes its status and headers of. */
export type CallAnswer = {
  readonly status: number;
  readonly text: string;
  readonly response: TRPCResponse;
  readonly error: TRPCError | null;
  readonly failure: DomainError | null;
};

export type Call = {
  readonly path: string;
  readonly input: unknown;
  readonly index: number;
  readonly method: string;
  readonly signal: AbortSignal;
};

type RuntimeProcedure = AnyTRPCProcedure & { readonly _def: { readonly output?: unknown } };

function knownProcedures(router: AnyTRPCRouter): ReadonlyMap<string, Known> {
  const { output: transformer } = router._def._config.transformer;
  const writeAnything: WireSerializer = (value) => JSON.stringify(transformer.serialize(value));
  // At run time the record is flat, keyed by the whole path; its type is the nested one.
  const flat = router._def.procedures as unknown as Readonly<Record<string, RuntimeProcedure>>;
  return new Map(
    Object.entries(flat).map(([path, procedure]) => {
      const { type, output } = procedure._def;
      const isPlanned = transformer === superjson && planOf(output) !== null;
      const write = isPlanned ? wireSerializer(output) : writeAnything;
      return [path, { run: procedureRunner(procedure), type, write, mayStream: !isPlanned }];
    }),
  );
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isStreamed = (value: unknown): boolean =>
  isObject(value) && (Symbol.asyncIterator in value || ('then' in value && typeof value.then === 'function'));

/** The methods by which a procedure of this type is called. */
export const methodsOf = (type: TRPCProcedureType | undefined): readonly string[] => {
  if (type === undefined) return ['GET', 'POST'];
  return type === 'mutation' ? ['POST'] : ['GET'];
};

/** Throws for what cannot be called, or not in this way. */
function callable(known: Known | undefined, { path, method }: Call): Known {
  if (!known) throw new TRPCError({ code: 'NOT_FOUND', message: `No procedure found on path "${path}"` });
  // Fastify serves HEAD with the handler of GET, and it must be as harmless.
  if (!methodsOf(known.type).includes(method === 'HEAD' ? 'GET' : method)) {
    const message = `Unsupported ${method}-request to ${known.type} procedure at path "${path}"`;
    throw new TRPCError({ code: 'METHOD_NOT_SUPPORTED', message });
  }
  if (known.type === 'subscription') throw toTrpcError(MalformedRequest({ reason: 'a subscription is called alone' }));
  return known;
}

function assertComplete(value: unknown): void {
  if (!isObject(value) || !(isStreamed(value) || Object.values(value).some(isStreamed))) return;
  const message = 'Cannot use stream-like response in non-streaming request - use httpBatchStreamLink';
  throw new TRPCError({ code: 'UNSUPPORTED_MEDIA_TYPE', message });
}

function answer({ write, mayStream }: Known, result: Result): CallAnswer {
  if (!result.ok) throw result.error;
  const { data } = result;
  if (mayStream) assertComplete(data);
  const text = `{"result":{"data":${write(data)}}}`;
  return { status: 200, text, response: { result: { data } }, error: null, failure: null };
}

/** Calls the procedures of a router one by one, and writes what they give in the envelopes of tRPC. */
export function createCaller(router: AnyTRPCRouter) {
  const config = router._def._config;
  const known = knownProcedures(router);

  /** The envelope of a failure; without a call it is one of the whole request. */
  function refuse(
    err: unknown,
    ctx: Context,
    call: { readonly path?: string; readonly input?: unknown } = {},
  ): CallAnswer {
    const error = getTRPCErrorFromUnknown(err);
    const shape = getErrorShape({ config, ctx, error, type: 'unknown', path: call.path, input: call.input });
    const response = { error: shape };
    return {
      status: getHTTPStatusCode(response),
      text: JSON.stringify(transformTRPCResponse(config, response)),
      response,
      error,
      failure: domainErrorOf(error),
    };
  }

  function run(ctx: Context, call: Call): Settled<CallAnswer> {
    const { path, input: rawInput, index: batchIndex, signal } = call;
    return settle(
      () => {
        const procedure = callable(known.get(path), call);
        const result = procedure.run({ path, type: procedure.type, ctx, rawInput, signal, batchIndex });
        return result instanceof Promise ? result.then((given) => answer(procedure, given)) : answer(procedure, result);
      },
      (given) => given,
      (err) => refuse(err, ctx, call),
    );
  }

  const typeOf = (path: string): TRPCProcedureType | undefined => known.get(path)?.type;
  const subscriptions = [...known].flatMap(([path, { type }]) => (type === 'subscription' ? [path] : []));
  return { run, refuse, typeOf, subscriptions };
}
