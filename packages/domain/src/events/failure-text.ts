import { DomainError } from '@morket/contract/errors';

const MAX_LENGTH = 1_000;

/** What a failure is kept as: a failure of the catalogue begins with its code, which may be shown to people; any other with its class. */
export function failureText(err: unknown): string {
  if (err instanceof DomainError) return storable(`${err.code}: ${err.message}`);
  if (err instanceof Error) return storable(`${err.name}: ${err.message}`);
  return storable(`Error: ${String(err)}`);
}

/** PostgreSQL takes neither NUL nor half of a surrogate pair, which a cut may leave, too. */
const storable = (text: string): string => text.replaceAll('\0', '').slice(0, MAX_LENGTH).toWellFormed();

const OF_CATALOGUE = /^[a-z_]+(\.[a-z_]+)+: /;
const NOT_TOLD = 'server.internal: Something failed on our side.';

/** The part of it that leaves the server. */
export const tellableFailure = (text: string): string => (OF_CATALOGUE.test(text) ? text : NOT_TOLD);
