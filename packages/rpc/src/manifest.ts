import type { ErrorDefinition } from '@morket/contract/errors';
import { z } from 'zod';
import type { Access, Meta, RestRoute } from './meta.ts';
import { errorsOf, keepsAnswer } from './procedures/index.ts';
import { appRouter } from './router.ts';
import { messageOf } from './streams.ts';

/** One procedure as the transports and the documents see it. */
export type ProcedureInfo = {
  /** As the client calls it: `billing.debit`. */
  readonly path: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly access: Access;
  readonly rest: RestRoute | null;
  readonly summary: string;
  /** Whether a repeated call under one idempotency key gets the answer of the first. */
  readonly keepsAnswer: boolean;
  /** Whether it makes anything of the `Idempotency-Key` header. */
  readonly readsKey: boolean;
  readonly errors: readonly ErrorDefinition[];
  /** The objects whose fields together are the input; none for a procedure without one. */
  readonly inputs: readonly z.ZodType[];
  /** Of a subscription, what each message is. */
  readonly output: z.ZodType;
};

type RuntimeProcedure = {
  readonly _def: {
    readonly type: 'query' | 'mutation' | 'subscription';
    readonly meta?: Meta;
    readonly inputs: readonly unknown[];
    readonly output?: unknown;
  };
};

const isSchema = (value: unknown): value is z.ZodType => value instanceof z.ZodType;

function inspect(path: string, { _def }: RuntimeProcedure): ProcedureInfo {
  const { type, meta = {}, inputs, output } = _def;
  if (!meta.access) throw new Error(`${path} declares no access: make it with a procedure of this package.`);
  if (!isSchema(output)) throw new Error(`${path} declares no output.`);
  return {
    path,
    type,
    access: meta.access,
    rest: meta.rest ?? null,
    summary: meta.summary ?? path,
    keepsAnswer: keepsAnswer(type, meta),
    readsKey: keepsAnswer(type, meta) || meta.readsKey === true,
    errors: errorsOf(type, meta),
    inputs: inputs.filter(isSchema),
    output: messageOf(output) ?? output,
  };
}

/** Every procedure of the router, in its order. Throws for one that declares no access or no output. */
export function procedures(): readonly ProcedureInfo[] {
  // At run time the record is flat, keyed by the whole path; its type is the nested one.
  const flat = appRouter._def.procedures as unknown as Readonly<Record<string, RuntimeProcedure>>;
  return Object.entries(flat).map(([path, procedure]) => inspect(path, procedure));
}
