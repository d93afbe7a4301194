/** The kinds of work that are spans of their own, by what they are to others: `server` takes a call, `client` makes one. */
export const SPANS = {
  'http.request': 'server',
  'db.transaction': 'internal',
  'outbox.publish': 'producer',
  'consumer.handle': 'consumer',
  'job.run': 'consumer',
  'webhook.deliver': 'client',
  'mail.send': 'client',
} as const satisfies Readonly<Record<string, 'server' | 'client' | 'producer' | 'consumer' | 'internal'>>;

type Kind = keyof typeof SPANS;
/** A kind of work, and which of it: `http.request billing.debit`, `consumer.handle webhooks`; names of ours, never what a caller sent. */
export type SpanName = Kind | `${Kind} ${string}`;

type AttributeName =
  | 'http.request.method'
  | 'http.response.status_code'
  | 'morket.procedure'
  | 'morket.request_id'
  | 'morket.workspace_id'
  | 'morket.event_id'
  | 'morket.event_name'
  | 'morket.batch_size'
  | 'morket.consumer'
  | 'morket.job_id'
  | 'morket.job_kind'
  | 'morket.webhook_endpoint_id'
  | 'morket.webhook_delivery_id'
  | 'morket.attempt'
  | 'morket.outcome';

/** What a span may tell: this list and no more, so that no secret, address, text of a person or payload gets into a trace by mistake. */
export type Attributes = { readonly [Name in AttributeName]?: string | number | boolean | undefined };
