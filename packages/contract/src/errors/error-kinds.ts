/** The one table from the kind of a failure to its tRPC code and HTTP status. */
export const ERROR_KINDS = {
  validation: { trpc: 'BAD_REQUEST', status: 400 },
  unauthenticated: { trpc: 'UNAUTHORIZED', status: 401 },
  paymentRequired: { trpc: 'PAYMENT_REQUIRED', status: 402 },
  forbidden: { trpc: 'FORBIDDEN', status: 403 },
  notFound: { trpc: 'NOT_FOUND', status: 404 },
  methodNotAllowed: { trpc: 'METHOD_NOT_SUPPORTED', status: 405 },
  conflict: { trpc: 'CONFLICT', status: 409 },
  precondition: { trpc: 'PRECONDITION_FAILED', status: 412 },
  tooLarge: { trpc: 'PAYLOAD_TOO_LARGE', status: 413 },
  unsupportedMedia: { trpc: 'UNSUPPORTED_MEDIA_TYPE', status: 415 },
  unprocessable: { trpc: 'UNPROCESSABLE_CONTENT', status: 422 },
  rateLimited: { trpc: 'TOO_MANY_REQUESTS', status: 429 },
  internal: { trpc: 'INTERNAL_SERVER_ERROR', status: 500 },
  unavailable: { trpc: 'SERVICE_UNAVAILABLE', status: 503 },
} as const;

export type ErrorKind = keyof typeof ERROR_KINDS;
