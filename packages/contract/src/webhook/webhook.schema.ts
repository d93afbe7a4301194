import { z } from 'zod';
import { bounded, Id, Instant, line, PageInput, pageOf } from '../primitives/index.ts';

const EXAMPLE_URL = 'https://hooks.example.com/morket';

/** Where deliveries go: an absolute http or https address. What else it has to be is said by `webhook.unsafe_url`. */
const EndpointUrl = bounded(2_000)
  .refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value), 'must be an absolute https URL')
  .meta({ examples: [EXAMPLE_URL] });

/** The name of an event, all events of a domain (`billing.*`), or every event (`*`). */
const EventPattern = z
  .string()
  .max(100)
  .regex(
    /^(?:\*|[a-z][a-z0-9_]*\.(?:\*|[a-z][a-z0-9_]*))$/,
    'must be *, a domain like billing.*, or the name of an event',
  )
  .meta({ examples: ['billing.*'] });
const EventPatterns = z.array(EventPattern).min(1).max(100);
const EndpointDescription = line(200).meta({ examples: ['Invoices into the warehouse'] });

export const WebhookEndpointState = z.enum(['active', 'disabled']);
/** `gone`: the receiver answered 410. `failing`: nothing got through for days. */
export const WebhookDisabledReason = z.enum(['manual', 'gone', 'failing']);
export type WebhookDisabledReason = z.infer<typeof WebhookDisabledReason>;

/**
 * `thin` sends ids without the payload. `ordered` holds the later events of one thing back until its earlier ones are settled.
 * `failingSince` and `consecutiveFailures` tell how the receiver fares; until `pausedUntil` nothing is sent.
 */
export const WebhookEndpoint = z.object({
  id: Id,
  workspaceId: Id,
  url: z.string().meta({ examples: [EXAMPLE_URL] }),
  description: z.string().nullable(),
  events: z
    .array(z.string())
    .max(100)
    .meta({ examples: [['billing.*']] }),
  thin: z.boolean(),
  ordered: z.boolean(),
  state: WebhookEndpointState,
  disabledReason: WebhookDisabledReason.nullable(),
  disabledAt: z.date().nullable(),
  consecutiveFailures: z.int(),
  failingSince: z.date().nullable(),
  pausedUntil: z.date().nullable(),
  /** Until then deliveries bear a second signature, made with the secret before the present one. */
  previousSecretUntil: z.date().nullable(),
  createdBy: Id,
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;

/** The only answer that holds the signing secret; null where the same call was answered before. */
export const WebhookEndpointWithSecret = z.object({
  endpoint: WebhookEndpoint,
  secret: z
    .string()
    .nullable()
    .meta({ examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] }),
});
export type WebhookEndpointWithSecret = z.infer<typeof WebhookEndpointWithSecret>;

export const CreateWebhookEndpointInput = z.object({
  url: EndpointUrl,
  description: EndpointDescription.optional(),
  events: EventPatterns,
  /** Ids without the payload. */
  thin: z.boolean().optional(),
  /** Events of one thing one after the other. */
  ordered: z.boolean().optional(),
});
export type CreateWebhookEndpointInput = z.infer<typeof CreateWebhookEndpointInput>;

/** What is left out stays. */
export const UpdateWebhookEndpointInput = z.object({
  endpointId: Id,
  url: EndpointUrl.optional(),
  description: EndpointDescription.nullable().optional(),
  events: EventPatterns.optional(),
  thin: z.boolean().optional(),
  ordered: z.boolean().optional(),
});
export type UpdateWebhookEndpointInput = z.infer<typeof UpdateWebhookEndpointInput>;

export const WebhookEndpointInput = z.object({ endpointId: Id });
export type WebhookEndpointInput = z.infer<typeof WebhookEndpointInput>;

/** For `graceHours` (24 unless said otherwise) deliveries are signed with the old secret as well. */
export const RotateWebhookSecretInput = z.object({
  endpointId: Id,
  graceHours: z
    .int()
    .min(0)
    .max(168)
    .optional()
    .meta({ examples: [24] }),
});
export type RotateWebhookSecretInput = z.infer<typeof RotateWebhookSecretInput>;

export const ListWebhookEndpointsInput = PageInput;
export const WebhookEndpointPage = pageOf(WebhookEndpoint);

export const WebhookDeliveryState = z.enum(['pending', 'delivered', 'failed']);
export type WebhookDeliveryState = z.infer<typeof WebhookDeliveryState>;

/** Why an attempt came to nothing; `status` is any answer that is neither 2xx nor a redirect. */
export const WebhookFailure = z.enum([
  'status',
  'redirect',
  'unsafe_url',
  'unsafe_address',
  'dns',
  'connect_timeout',
  'refused',
  'tls',
  'reset',
  'timeout',
  'protocol',
]);
export type WebhookFailure = z.infer<typeof WebhookFailure>;

const deliveryFields = {
  id: Id,
  workspaceId: Id,
  endpointId: Id,
  /** The `webhook-id` header: the same on every attempt and after every replay. */
  eventId: Id,
  eventName: z.string().meta({ examples: ['billing.debited'] }),
  state: WebhookDeliveryState,
  attempts: z.int().meta({ examples: [1] }),
  /** Null once it is settled. */
  nextAttemptAt: z.date().nullable(),
  lastStatus: z
    .int()
    .nullable()
    .meta({ examples: [200] }),
  lastFailure: WebhookFailure.nullable(),
  createdAt: z.date(),
  settledAt: z.date().nullable(),
};

export const WebhookDelivery = z.object(deliveryFields);
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

/** `excerpt` is the beginning of what the receiver answered, with secrets taken out. */
export const WebhookAttempt = z.object({
  number: z.int().meta({ examples: [1] }),
  startedAt: z.date(),
  durationMs: z.int().meta({ examples: [84] }),
  status: z
    .int()
    .nullable()
    .meta({ examples: [200] }),
  failure: WebhookFailure.nullable(),
  excerpt: z.string().nullable(),
});
export type WebhookAttempt = z.infer<typeof WebhookAttempt>;

/** `log` holds the latest attempts, the last one first. */
export const WebhookDeliveryDetails = z.object({
  ...deliveryFields,
  requestBody: z.string(),
  log: z.array(WebhookAttempt).max(100),
});
export type WebhookDeliveryDetails = z.infer<typeof WebhookDeliveryDetails>;

export const WebhookDeliveryInput = z.object({ deliveryId: Id });
export type WebhookDeliveryInput = z.infer<typeof WebhookDeliveryInput>;

export const ListWebhookDeliveriesInput = z
  .object({
    ...PageInput.unwrap().shape,
    endpointId: Id.optional(),
    state: WebhookDeliveryState.optional(),
  })
  .prefault({});
export type ListWebhookDeliveriesInput = z.infer<typeof ListWebhookDeliveriesInput>;
export const WebhookDeliveryPage = pageOf(WebhookDelivery);

/** Sends again what was made for an endpoint from `from` on and before `to`: what failed, unless `states` says otherwise. */
export const ReplayWebhookDeliveriesInput = z.object({
  endpointId: Id,
  from: Instant.meta({ examples: ['2026-11-01T00:00:00Z'] }),
  to: Instant.meta({ examples: ['2026-11-02T00:00:00Z'] }),
  states: z
    .array(z.enum(['failed', 'delivered']))
    .min(1)
    .max(2)
    .optional()
    .meta({ examples: [['failed']] }),
});
export type ReplayWebhookDeliveriesInput = z.infer<typeof ReplayWebhookDeliveriesInput>;

/** One call takes so many at most; call again while `hasMore`. */
export const WebhookReplay = z.object({ replayed: z.int().meta({ examples: [12] }), hasMore: z.boolean() });
export type WebhookReplay = z.infer<typeof WebhookReplay>;
