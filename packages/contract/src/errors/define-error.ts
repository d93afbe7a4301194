import type { z } from 'zod';
import type { ErrorKind } from './error-kinds.ts';

type DetailsSchema = z.ZodObject;

/** A failure of the catalogue on its way to the caller; `cause` stays on the server. */
export class DomainError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    definition: { readonly code: string; readonly kind: ErrorKind },
    message: string,
    details: Readonly<Record<string, unknown>>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DomainError';
    this.code = definition.code;
    this.kind = definition.kind;
    this.details = details;
  }
}

/** Call it to make the error; its properties describe it to the transports, the documents and the client. */
export type ErrorDefinition<Code extends string = string, Details extends DetailsSchema = DetailsSchema> = {
  (details: z.infer<Details>, cause?: unknown): DomainError;
  readonly code: Code;
  readonly kind: ErrorKind;
  readonly details: Details;
  /** What a person should do about it: one sentence, shown in the error reference. */
  readonly remedy: string;
  /** The text for people that goes with these details. */
  message(details: z.infer<Details>): string;
  /** Whether `err` is this failure. */
  is(err: unknown): err is DomainError & { readonly code: Code; readonly details: z.infer<Details> };
};

/** Defines one failure of a domain. `code` is public for ever: renaming it is a breaking change. */
export function defineError<const Code extends string, Details extends DetailsSchema>(
  code: Code,
  definition: {
    readonly kind: ErrorKind;
    readonly details: Details;
    readonly message: string | ((details: z.infer<Details>) => string);
    readonly remedy: string;
  },
): ErrorDefinition<Code, Details> {
  const { kind, details, remedy, message } = definition;
  const messageOf = (given: z.infer<Details>) => (typeof message === 'string' ? message : message(given));
  const make = (given: z.infer<Details>, cause?: unknown) =>
    new DomainError({ code, kind }, messageOf(given), given, cause);
  const is = (err: unknown): err is DomainError & { readonly code: Code; readonly details: z.infer<Details> } =>
    err instanceof DomainError && err.code === code;
  return Object.assign(make, { code, kind, details, remedy, message: messageOf, is });
}
