import { IdempotencyKey } from '@morket/contract/primitives';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { invalidInput } from '../errors.ts';

const Header = z.object({ 'Idempotency-Key': IdempotencyKey });

/** The input under its own key, else under the `Idempotency-Key` header. Throws `request.invalid_input` for a malformed header. */
export function keyed<Input extends { readonly idempotencyKey?: string | undefined }>(
  ctx: Context,
  input: Input,
): Input {
  if (input.idempotencyKey !== undefined || ctx.idempotencyKey === null) return input;
  const header = Header.safeParse({ 'Idempotency-Key': ctx.idempotencyKey });
  if (!header.success) throw invalidInput(header.error);
  return { ...input, idempotencyKey: header.data['Idempotency-Key'] };
}
