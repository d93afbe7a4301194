import { createHmac } from 'node:crypto';
import { IdempotencyKey } from '@morket/contract/primitives';
import type { Acting, Intent } from '@morket/domain/access';
import { z } from 'zod';
import type { Context } from './context.ts';
import { invalidInput } from './errors.ts';

const Header = z.object({ 'Idempotency-Key': IdempotencyKey });

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The key of the `Idempotency-Key` header; null without one. Throws `request.invalid_input` for one that is none. */
export function headerKeyOf(ctx: Context): string | null {
  if (ctx.idempotencyKey === null) return null;
  const header = Header.safeParse({ 'Idempotency-Key': ctx.idempotencyKey });
  if (!header.success) throw invalidInput(header.error);
  return header.data['Idempotency-Key'];
}

/** The input under its own key, else under the one of the header. Throws `request.invalid_input` for a malformed header. */
export function keyed<Input extends { readonly idempotencyKey?: string | undefined }>(
  ctx: Context,
  input: Input,
): Input {
  if (input.idempotencyKey !== undefined) return input;
  const idempotencyKey = headerKeyOf(ctx);
  return idempotencyKey === null ? input : { ...input, idempotencyKey };
}

/** The same text whatever the order of the fields. */
const ordered = (value: unknown): string =>
  JSON.stringify(value, (_name, part: unknown) =>
    isFields(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );

/**
 * Stands for an input. Keyed with the caller's key, which is stored nowhere: a bare hash would let whoever reads the table guess the
 * password in it.
 */
const fingerprintOf = (key: string, fields: Fields): Uint8Array =>
  new Uint8Array(createHmac('sha256', key).update(ordered(fields)).digest());

/** A mutation as it came, before its own input is read. */
type Called = {
  readonly ctx: Context;
  readonly path: string;
  getRawInput(): Promise<unknown>;
  /** The session that it acts on. */
  readonly sessionId?: string | undefined;
};

/**
 * What a mutation means to bring about once: under the key in its input, else under the one of the header; undefined without either.
 * `named` is how the input names what is known already: the same call may name it elsewhere. Throws
 * `request.invalid_input` for a malformed header.
 */
export async function intentOf(
  { ctx, path, getRawInput, sessionId }: Called,
  named: readonly string[] = [],
): Promise<Intent | undefined> {
  const header = headerKeyOf(ctx);
  const input = await getRawInput();
  const given = isFields(input) ? input : {};
  const own = IdempotencyKey.safeParse(given.idempotencyKey);
  const key = own.success ? own.data : header;
  if (key === null) return undefined;
  const fields = Object.entries(given).filter(([name]) => name !== 'idempotencyKey' && !named.includes(name));
  const fingerprint = fingerprintOf(key, Object.fromEntries(fields));
  return { procedure: path, key, sessionId, fingerprint, isAnswered: false, isReplayed: false };
}

/** Who acts, together with what they mean. Its type stays the one of the scope, so that the declarations can name it. */
export const meaning = <Scope extends Acting>(scope: Scope, intent: Intent | undefined): Scope => ({
  ...scope,
  intent,
});

/** For the header that marks answers of before: of a batch, every one has to be. */
export function noteReplay(ctx: Context, intent: Intent | undefined): void {
  if (intent?.isReplayed) ctx.seen.replays = (ctx.seen.replays ?? 0) + 1;
}
