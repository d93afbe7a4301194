import { z } from 'zod';
import { text } from './text.ts';

/** A UUID in lower case, so that two spellings of one id compare equal. */
export const Id = z
  .uuid()
  .toLowerCase()
  .meta({ examples: ['019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40'] });

/** A positive whole number of credits, exact on the wire (at most 2^53 − 1). */
export const CreditAmount = z
  .int()
  .positive()
  .meta({ examples: [100] });

/** A whole number of credits that may be zero. */
export const CreditBalance = z
  .int()
  .nonnegative()
  .meta({ examples: [500] });

/** Chosen by the caller, one for each intended effect; the first verdict under it is final. */
export const IdempotencyKey = text(200)
  .min(8)
  .meta({ examples: ['7f9c2b1e-order-1042'] });

const EARLIEST_MS = Date.UTC(1970, 0, 1);
const LATEST_MS = Date.UTC(9999, 11, 31);

/** A moment as a caller writes it, in any zone; between the years 1970 and 9999, which every database and language can hold. */
export const Instant = z.iso
  .datetime({ offset: true })
  .max(40)
  .refine(
    (value) => Date.parse(value) >= EARLIEST_MS && Date.parse(value) < LATEST_MS,
    'must lie between 1970 and 9999',
  );

/** The answer of a verb that has nothing to say. */
export const Done = z.null();
