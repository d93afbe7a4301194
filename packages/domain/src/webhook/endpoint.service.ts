import { EVENTS } from '@morket/contract/catalogue';
import { assertIncluded } from '@morket/contract/plan';
import type { Page, PageInput } from '@morket/contract/primitives';
import {
  type CreateWebhookEndpointInput,
  UnknownWebhookEvents,
  UnsafeWebhookUrl,
  type UpdateWebhookEndpointInput,
  type WebhookEndpoint,
  WebhookEndpointCreated,
  WebhookEndpointDeleted,
  WebhookEndpointDisabled,
  WebhookEndpointEnabled,
  type WebhookEndpointInput,
  WebhookEndpointNotFound,
  WebhookEndpointUpdated,
  type WebhookEndpointWithSecret,
} from '@morket/contract/webhook';
import type { Db, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { assertWithinLimitIn } from '../plan/index.ts';
import { record } from '../record/index.ts';
import { parseTarget, type TargetPolicy } from '../safe-fetch/index.ts';
import { holdKeyVersion, type KeyRing } from '../secrets/index.ts';
import * as repo from './endpoint.repo.ts';
import { unknownPatterns } from './filter.model.ts';
import { createRotation, withoutSecret } from './rotation.ts';
import { newSigningSecret, sealSecret } from './signing.ts';

type Deps = { readonly db: Db; readonly ring: KeyRing; readonly policy: TargetPolicy };

const EVENT_NAMES = EVENTS.map(({ eventName }) => eventName);

function assertKnown(patterns: readonly string[]): void {
  const unknown = unknownPatterns(patterns, EVENT_NAMES);
  if (unknown.length > 0) throw UnknownWebhookEvents({ unknown });
}

function assertSafe(url: string, policy: TargetPolicy): void {
  const target = parseTarget(url, policy);
  if ('unsafe' in target) throw UnsafeWebhookUrl({ reason: target.unsafe });
}

const originOf = ({ url }: Pick<repo.EndpointRow, 'url'>): string => new URL(url).origin;

/** What is told of an endpoint's settings: of its address the origin alone. */
const told = (row: repo.Settings) => ({
  origin: originOf(row),
  events: row.events,
  thin: row.thin,
  ordered: row.ordered,
});

/** The receivers of a workspace's events. */
export function createWebhookEndpointService({ db, ring, policy }: Deps) {
  async function lock(tx: Tx, scope: WorkspaceScope, { endpointId }: WebhookEndpointInput): Promise<repo.EndpointRow> {
    const row = await repo.lockEndpoint(tx, scope, endpointId);
    if (!row) throw WebhookEndpointNotFound({});
    return row;
  }

  /** Throws `webhook.unsafe_url`, `webhook.unknown_events`, `plan.limit_reached`, and `plan.feature_required` for order. */
  async function create(scope: WorkspaceScope, input: CreateWebhookEndpointInput): Promise<WebhookEndpointWithSecret> {
    const { url, description = null, thin = false, ordered = false } = input;
    const events = [...new Set(input.events)];
    assertSafe(url, policy);
    assertKnown(events);
    if (ordered) assertIncluded(scope.planType, 'webhooks.ordered');
    const [id, secret] = [newId(), newSigningSecret()];
    const work = async (tx: Tx) => {
      const salt = await repo.lockWorkspace(tx, scope);
      await assertWithinLimitIn(tx, scope, 'webhookEndpoints');
      await holdKeyVersion(tx, ring.current);
      const sealed = sealSecret(ring, { workspaceId: scope.workspaceId, salt, endpointId: id }, secret);
      const settings = { url, description, events, thin, ordered };
      const row = await repo.insertEndpoint(tx, scope, { id, ...settings, secret: sealed });
      await record(tx, scope, WebhookEndpointCreated(id, told(row)));
      return { endpoint: repo.toEndpointDto(row), secret };
    };
    return once<WebhookEndpointWithSecret>(db, scope, work, { keep: withoutSecret });
  }

  /** Throws `webhook.endpoint_not_found`. */
  async function get(scope: WorkspaceScope, { endpointId }: WebhookEndpointInput): Promise<WebhookEndpoint> {
    const row = await repo.findEndpoint(db.read, scope, endpointId);
    if (!row) throw WebhookEndpointNotFound({});
    return repo.toEndpointDto(row);
  }

  async function list(scope: WorkspaceScope, input: PageInput): Promise<Page<WebhookEndpoint>> {
    const { items, total } = await repo.listEndpoints(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** Another address begins without the failures of the one before. Throws what `create` throws for bad settings. */
  async function update(scope: WorkspaceScope, input: UpdateWebhookEndpointInput): Promise<WebhookEndpoint> {
    if (input.url !== undefined) assertSafe(input.url, policy);
    if (input.events !== undefined) assertKnown(input.events);
    if (input.ordered) assertIncluded(scope.planType, 'webhooks.ordered');
    return once(db, scope, async (tx) => {
      const before = await lock(tx, scope, input);
      const {
        url = before.url,
        description = before.description,
        thin = before.thin,
        ordered = before.ordered,
      } = input;
      const events = input.events ? [...new Set(input.events)] : before.events;
      const health = url === before.url ? {} : repo.HEALTHY;
      const row = await repo.updateEndpoint(tx, before, { url, description, events, thin, ordered, ...health });
      const [was, is] = [before, row].map((one) => ({ ...told(one), description: one.description }));
      await record(tx, scope, WebhookEndpointUpdated(row.id, told(row)), { before: was ?? {}, after: is ?? {} });
      return repo.toEndpointDto(row);
    });
  }

  /** Wipes the secrets; what was not delivered yet is not delivered any more. Throws `webhook.endpoint_not_found`. */
  async function remove(scope: WorkspaceScope, input: WebhookEndpointInput): Promise<null> {
    return once(db, scope, async (tx) => {
      const row = await lock(tx, scope, input);
      const secrets = { sealedSecret: null, ...NO_PREVIOUS };
      await repo.updateEndpoint(tx, row, { ...secrets, deletedAt: new Date() });
      const origin = originOf(row);
      await record(tx, scope, WebhookEndpointDeleted(row.id, { origin }), { before: { origin }, after: {} });
      return null;
    });
  }

  /** What waited goes out now, without the failures of before. Throws `webhook.endpoint_not_found`. */
  async function enable(scope: WorkspaceScope, input: WebhookEndpointInput): Promise<WebhookEndpoint> {
    return once(db, scope, async (tx) => {
      const before = await lock(tx, scope, input);
      if (before.state === 'active') return repo.toEndpointDto(before);
      const on = { state: 'active', disabledReason: null, disabledAt: null } as const;
      const row = await repo.updateEndpoint(tx, before, { ...on, ...repo.HEALTHY });
      const [was, is] = [{ state: before.state, disabledReason: before.disabledReason }, { state: row.state }];
      await record(tx, scope, WebhookEndpointEnabled(row.id, { origin: originOf(row) }), { before: was, after: is });
      return repo.toEndpointDto(row);
    });
  }

  /** It gets no new events, and what waits goes on waiting. Throws `webhook.endpoint_not_found`. */
  async function disable(scope: WorkspaceScope, input: WebhookEndpointInput): Promise<WebhookEndpoint> {
    return once(db, scope, async (tx) => {
      const before = await lock(tx, scope, input);
      if (before.state === 'disabled') return repo.toEndpointDto(before);
      const reason = 'manual';
      const off = { state: 'disabled', disabledReason: reason, disabledAt: new Date() } as const;
      const row = await repo.updateEndpoint(tx, before, off);
      const event = WebhookEndpointDisabled(row.id, { origin: originOf(row), reason, failingSince: null });
      await record(tx, scope, event, {
        before: { state: 'active' },
        after: { state: 'disabled', disabledReason: reason },
      });
      return repo.toEndpointDto(row);
    });
  }

  return { create, get, list, update, delete: remove, enable, disable, rotateSecret: createRotation({ db, ring }) };
}

const NO_PREVIOUS = { sealedPrevious: null, previousKeyVersion: null, previousSecretUntil: null } as const;

export type WebhookEndpointService = ReturnType<typeof createWebhookEndpointService>;
