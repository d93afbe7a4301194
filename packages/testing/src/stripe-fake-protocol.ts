/** An error object of the API, as far as clients read it: https://docs.stripe.com/api/errors. */
export type StripeFakeError = {
  readonly type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  readonly message: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
  readonly payment_intent?: unknown;
};

/** What the API answers when it does not do what was asked. */
export class StripeFakeFailure extends Error {
  readonly status: number;
  readonly error: StripeFakeError;

  constructor(status: number, error: StripeFakeError) {
    super(error.message);
    this.status = status;
    this.error = error;
  }
}

export const invalid = (message: string, facts: { readonly code?: string; readonly param?: string } = {}) =>
  new StripeFakeFailure(400, { type: 'invalid_request_error', message, ...facts });

export const missing = (what: string, id: string, param: string) =>
  new StripeFakeFailure(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param,
  });

/** The parameter, which has to be there. */
export function required(params: URLSearchParams, name: string): string {
  const value = params.get(name);
  if (!value) throw invalid(`Missing required param: ${name}.`, { code: 'parameter_missing', param: name });
  return value;
}

/** The entries of a form-encoded object: `metadata[a]=1` gives `{ a: '1' }` for `metadata`. */
export function objectOf(params: URLSearchParams, name: string): Record<string, string> {
  const entries = [...params].flatMap(([key, value]) => {
    const inner = key.startsWith(`${name}[`) && key.endsWith(']') ? key.slice(name.length + 1, -1) : null;
    return inner === null ? [] : [[inner, value] as const];
  });
  return Object.fromEntries(entries);
}
