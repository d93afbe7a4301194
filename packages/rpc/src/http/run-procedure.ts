import { type AnyTRPCProcedure, getTRPCErrorFromUnknown, TRPCError, type TRPCProcedureType } from '@trpc/server';
import type { Context } from '../context.ts';

export type ProcedureCall = {
  readonly path: string;
  readonly type: TRPCProcedureType;
  readonly ctx: Context;
  readonly getRawInput: () => Promise<unknown>;
  readonly signal: AbortSignal | undefined;
  readonly batchIndex: number;
};

type Result = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly error: TRPCError };

type NextOptions = { readonly ctx?: object; readonly input?: unknown; readonly getRawInput?: () => Promise<unknown> };
type Step = ProcedureCall & { readonly meta: unknown; readonly input: unknown };
type Middleware = (step: Step & { next(options?: NextOptions): Promise<Result> }) => Promise<Result | undefined>;
type Chain = { readonly middlewares: readonly Middleware[]; readonly meta?: unknown };

async function runFrom(chain: Chain, index: number, step: Step): Promise<Result | undefined> {
  const { path, type, ctx, getRawInput, signal, batchIndex, meta, input } = step;
  const next = (options?: NextOptions): Promise<Result> =>
    runFrom(chain, index + 1, {
      path,
      type,
      ctx: options?.ctx ? { ...ctx, ...options.ctx } : ctx,
      getRawInput: options?.getRawInput ?? getRawInput,
      signal,
      batchIndex,
      meta,
      input: options && 'input' in options ? options.input : input,
    }) as Promise<Result>; // a middleware that returns nothing is found out at the end
  try {
    const middleware = chain.middlewares[index];
    if (!middleware) throw new Error(`The last middleware of ${path} called next().`);
    return await middleware({ path, type, ctx, getRawInput, signal, batchIndex, meta, input, next });
  } catch (cause) {
    return { ok: false, error: getTRPCErrorFromUnknown(cause) };
  }
}

/**
 * Runs a procedure of tRPC as its own caller does. That one copies the call twice for each middleware by a helper that goes field by
 * field, which is a fifth of what a small call costs in this process. Throws the TRPCError that the procedure ends with.
 */
export async function runProcedure(procedure: AnyTRPCProcedure, call: ProcedureCall): Promise<unknown> {
  // What every procedure of tRPC 11 is made of at run time; its type does not say so. The comparison with the adapter guards it.
  const chain = procedure._def as unknown as Chain;
  const { path, type, ctx, getRawInput, signal, batchIndex } = call;
  const result = await runFrom(chain, 0, {
    path,
    type,
    ctx,
    getRawInput,
    signal,
    batchIndex,
    meta: chain.meta,
    input: undefined,
  });
  if (!result) {
    const message = 'No result from middlewares - did you forget to `return next()`?';
    throw new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message });
  }
  if (!result.ok) throw result.error;
  return result.data;
}
