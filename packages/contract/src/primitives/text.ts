import { z } from 'zod';

/** PostgreSQL takes neither U+0000 nor half of a surrogate pair; what it would refuse is refused here, by name. */
export const isStorableText = (value: string): boolean => value.isWellFormed() && !value.includes('\u0000');

const STORABLE = 'must hold no NUL character and no lone surrogate';

/**
 * The bound of a string. Nothing after it runs on a longer one: zod goes on after a failed check, and normalising a quarter of a
 * megabyte of combining marks takes seconds.
 */
export const bounded = (max: number) => z.string().max(max, { abort: true });

/** A string of at most `max` UTF-16 units, kept as given. */
export const text = (max: number) => bounded(max).refine(isStorableText, STORABLE);

/** A line a person typed: trimmed, not empty, without control characters. */
export const line = (max: number) =>
  bounded(max)
    .trim()
    .min(1)
    .refine(isStorableText, STORABLE)
    .refine((value) => !/\p{Cc}/u.test(value), 'must be one line without control characters');
