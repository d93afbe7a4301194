import { type AnyTRPCProcedure, callTRPCProcedure, initTRPC, TRPCError } from '@trpc/server';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { type ProcedureCall, procedureRunner, type Result } from './run-procedure.ts';

/** Whatever a procedure is made of, it ends as it does under tRPC's own caller. */
const t = initTRPC.context<Context>().create();
const ctx = { bearer: 'token' } as Context; // the procedures below look at this field alone
const Name = z.object({ name: z.string().min(2) });
const City = z.object({ city: z.string().default('London') });
const told = t.procedure.query((opts) => {
  const { ctx: given, input, path, signal, batchIndex } = opts;
  return { given, input, path, hasSignal: signal instanceof AbortSignal, batchIndex };
});
const fault = new Error('a fault');
const later = <T>(value: T): Promise<T> => Promise.resolve(value);

const PROCEDURES: Readonly<Record<string, AnyTRPCProcedure>> = {
  'all that a resolver is told': told,
  'an input': t.procedure.input(Name).query(({ input }) => input),
  'an input that is awaited': t.procedure.input(Name).query(async ({ input }) => later(input)),
  'a thenable that is no promise': t.procedure.query(() => {
    const promise = later('x');
    // biome-ignore lint/suspicious/noThenProperty: it is what is tested
    const thenable: PromiseLike<string> = { then: (...both) => promise.then(...both) };
    return thenable as Promise<string>; // the queries of some libraries are such, and typed as promises
  }),
  'two inputs': t.procedure
    .input(Name)
    .input(City)
    .query(({ input }) => input),
  // Refused by tRPC's types, not by its caller.
  'two inputs that are no objects': t.procedure
    .input(z.any().transform(() => [1]))
    .input(z.any().transform(() => [2]) as never)
    .query(({ input }) => input),
  'a middleware between two inputs': t.procedure
    .input(Name)
    .use(({ input, next }) => next({ ctx: { bearer: input.name } }))
    .input(City)
    .query((opts) => [opts.ctx.bearer, opts.input]),
  'a check that waits': t.procedure
    .input(Name.refine(async ({ name }) => later(name !== 'no')))
    .query(({ input }) => input),
  'an output': t.procedure.output(Name).query(() => ({ name: 'Ada', secret: 'x' })),
  'an output that is awaited': t.procedure.output(Name).query(async () => later({ name: 'Ada', secret: 'x' })),
  'an output that does not fit': t.procedure.output(Name).query(() => ({ name: 'A' })),
  'an output check that waits': t.procedure
    .output(Name.refine(async ({ name }) => later(name !== 'no')))
    .query(() => ({ name: 'no' })),
  'schemas of another kind': t.procedure
    .input((value: unknown) => [value])
    .output((value: unknown) => [value])
    .query(({ input }) => input),
  'a middleware that sees the result': t.procedure
    .use(async ({ next }) => {
      const result = await next();
      if (result.ok) throw new TRPCError({ code: 'CONFLICT', message: JSON.stringify(result.data) });
      throw new TRPCError({ code: 'TIMEOUT', message: result.error.code });
    })
    .input(Name)
    .query(({ input }) => input),
  'a middleware that replaces the input': t.procedure
    .use(({ next }) => next({ input: { first: 1 } }))
    .input(Name)
    .query(({ input }) => input),
  'a middleware that replaces the raw input': t.procedure
    .use(async ({ getRawInput, next }) => {
      const given = await getRawInput();
      return next({ getRawInput: async () => ({ name: JSON.stringify(given) }) });
    })
    .input(Name)
    .query(({ input }) => input),
  'a raw input that cannot be read': t.procedure
    .use(({ next }) => next({ getRawInput: () => Promise.reject(fault) }))
    .input(Name)
    .query(({ input }) => input),
  'a middleware that goes on twice': t.procedure
    .use(async ({ next }) => {
      await next({ ctx: { bearer: 'first' } });
      return next();
    })
    .query((opts) => opts.ctx.bearer),
  // As above.
  'a middleware that returns nothing': t.procedure.use((async () => undefined) as never).query(() => 'x'),
  'a middleware that throws': t.procedure
    .use(() => {
      throw fault;
    })
    .query(() => 'x'),
  'a resolver that throws': t.procedure.query(() => {
    throw fault;
  }),
  'a resolver that rejects': t.procedure.query(() => Promise.reject(fault)),
  'a resolver that throws no error': t.procedure.query(() => {
    throw 'text';
  }),
  'a refusal of tRPC': t.procedure.query(() => {
    throw new TRPCError({ code: 'FORBIDDEN', message: 'no' });
  }),
};
const INPUTS: readonly unknown[] = [
  undefined,
  null,
  'Ada',
  [],
  {},
  { name: 'A' },
  { name: 'no' },
  { name: 'Ada', x: 1 },
];

const ended = (result: Result) => (result.ok ? { data: result.data } : failure(result.error));
function failure(error: unknown) {
  const { code, message, cause } = error as TRPCError; // of anything else these are undefined, which the comparison shows
  return { code, message, cause, isTrpc: error instanceof TRPCError };
}

describe.each(Object.entries(PROCEDURES))('%s', (_, procedure) => {
  // One runner for all of them: what it has learnt of a schema must not change what comes after.
  const run = procedureRunner(procedure);
  const router = t.router({ it: procedure });

  test.each(INPUTS.map((input) => [JSON.stringify(input), input]))('with %s', async (__, rawInput) => {
    const { signal } = new AbortController();
    const call: ProcedureCall = { path: 'it', type: 'query', ctx, rawInput, signal, batchIndex: 3 };
    const theirs = callTRPCProcedure({ ...call, router, getRawInput: async () => rawInput }).then(
      (data: unknown) => ({ data }),
      failure,
    );
    expect(ended(await run(call))).toEqual(await theirs);
  });
});

test('a call that waits for nothing has ended when it returns', () => {
  const run = procedureRunner(
    t.procedure
      .input(Name)
      .output(Name)
      .query(({ input }) => input),
  );
  const call: ProcedureCall = { path: 'it', type: 'query', ctx, rawInput: {}, signal: undefined, batchIndex: 0 };
  expect(run({ ...call, rawInput: { name: 'Ada' } })).toEqual({ ok: true, data: { name: 'Ada' } });
  expect(run(call)).toMatchObject({ ok: false, error: { code: 'BAD_REQUEST' } });
});

test('no check runs twice but those of the first value that waits', async () => {
  const checked: unknown[] = [];
  const Waiting = Name.refine(async (value) => checked.push(value));
  const run = procedureRunner(t.procedure.input(Waiting).query(() => 'done'));
  const names = ['one', 'two', 'three'];
  for (const name of names) {
    await run({ path: 'it', type: 'query', ctx, rawInput: { name }, signal: undefined, batchIndex: 0 });
  }
  expect(checked).toEqual(['one', ...names].map((name) => ({ name })));
});
