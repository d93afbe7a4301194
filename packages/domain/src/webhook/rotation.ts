import {
  type RotateWebhookSecretInput,
  WebhookEndpointNotFound,
  type WebhookEndpointWithSecret,
  WebhookSecretRotated,
} from '@morket/contract/webhook';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { record } from '../record/index.ts';
import { holdKeyVersion, type KeyRing } from '../secrets/index.ts';
import * as repo from './endpoint.repo.ts';
import { newSigningSecret, sealSecret } from './signing.ts';

const DEFAULT_GRACE_HOURS = 24;
const HOUR_MS = 3_600_000;

/** The form in which an answer may be kept. */
export const withoutSecret = ({ endpoint }: WebhookEndpointWithSecret): WebhookEndpointWithSecret => ({
  endpoint,
  secret: null,
});

/** The secret that signed before, for as long as it still signs; a rotation inside the grace of another drops the oldest. */
function previousOf(row: repo.EndpointRow, graceHours: number) {
  if (graceHours === 0) return { sealedPrevious: null, previousKeyVersion: null, previousSecretUntil: null };
  const previousSecretUntil = new Date(Date.now() + graceHours * HOUR_MS);
  return { sealedPrevious: row.sealedSecret, previousKeyVersion: row.keyVersion, previousSecretUntil };
}

/** A new signing secret, shown this once; the one before signs beside it for `graceHours`. Throws `webhook.endpoint_not_found`. */
export function createRotation({ db, ring }: { readonly db: Db; readonly ring: KeyRing }) {
  return async (scope: WorkspaceScope, input: RotateWebhookSecretInput): Promise<WebhookEndpointWithSecret> => {
    const { endpointId, graceHours = DEFAULT_GRACE_HOURS } = input;
    const secret = newSigningSecret();
    return once<WebhookEndpointWithSecret>(
      db,
      scope,
      async (tx) => {
        const salt = await repo.lockWorkspace(tx, scope);
        await holdKeyVersion(tx, ring.current);
        const before = await repo.lockEndpoint(tx, scope, endpointId);
        if (!before) throw WebhookEndpointNotFound({});
        const { sealed, keyVersion } = sealSecret(ring, { workspaceId: scope.workspaceId, salt, endpointId }, secret);
        const previous = previousOf(before, graceHours);
        const row = await repo.updateEndpoint(tx, before, { sealedSecret: sealed, keyVersion, ...previous });
        const told = { previousSecretUntil: previous.previousSecretUntil?.toISOString() ?? null };
        await record(tx, scope, WebhookSecretRotated(row.id, told));
        return { endpoint: repo.toEndpointDto(row), secret };
      },
      { keep: withoutSecret },
    );
  };
}
