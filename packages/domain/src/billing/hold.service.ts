import {
  type Capture,
  type CaptureHoldInput,
  type CreateHoldInput,
  type GetHoldInput,
  type Hold,
  HoldNotFound,
  type ReleaseHoldInput,
} from '@morket/contract/billing';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { keyedBy } from '../idempotency/index.ts';
import { isHoldOverdue } from './hold.model.ts';
import type { Ledger } from './ledger.ts';
import type { HoldRow } from './sheet.ts';
import { toHoldDto } from './to-dto.ts';

const DEFAULT_LIFETIME_SECONDS = 3_600;

/** A hold whose time is up is expired for everybody, booked or not. */
const asOf = (row: HoldRow, now: Date): HoldRow => (isHoldOverdue(row, now) ? { ...row, state: 'expired' } : row);

/** Credits set aside for work whose price is known before it is done: held, then captured or released, or expired. */
export function createHoldService({ db, ledger }: { readonly db: Db; readonly ledger: Ledger }) {
  /** Throws `billing.insufficient_credits`, `billing.credit_limit_reached`, `idempotency.mismatch`. */
  function create(scope: WorkspaceScope, input: CreateHoldInput, signal?: AbortSignal): Promise<Hold> {
    const { idempotencyKey, amount, description, referenceId = null } = input;
    const { expiresInSeconds: lifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = input;
    const keyed = keyedBy('billing.holds.create', idempotencyKey, {
      ...{ amount, description, referenceId, lifetimeSeconds },
    });
    const command = { kind: 'hold', amount: BigInt(amount), lifetimeSeconds, description, referenceId } as const;
    return ledger.move({ acting: scope, command, keyed }, signal);
  }

  /** Throws `billing.hold_not_found`, `billing.hold_resolved`, `billing.capture_exceeds_hold`, `idempotency.mismatch`. */
  function capture(scope: WorkspaceScope, input: CaptureHoldInput, signal?: AbortSignal): Promise<Capture> {
    const { idempotencyKey, holdId, amount, final = false, description = null } = input;
    const keyed = keyedBy('billing.holds.capture', idempotencyKey, { holdId, amount, final, description });
    const command = { kind: 'capture', holdId, amount: BigInt(amount), final, description } as const;
    return ledger.move({ acting: scope, command, keyed }, signal);
  }

  /** Throws `billing.hold_not_found`, `billing.hold_resolved`, `idempotency.mismatch`. */
  function release(scope: WorkspaceScope, input: ReleaseHoldInput, signal?: AbortSignal): Promise<Hold> {
    const { idempotencyKey, holdId } = input;
    const keyed = keyedBy('billing.holds.release', idempotencyKey, { holdId });
    return ledger.move({ acting: scope, command: { kind: 'release', holdId }, keyed }, signal);
  }

  /** Throws `billing.hold_not_found`. */
  async function get(scope: WorkspaceScope, { holdId }: GetHoldInput): Promise<Hold> {
    const { workspaceId } = scope;
    const row = await db.read.creditHold.findUnique({ where: { workspaceId_id: { workspaceId, id: holdId } } });
    if (!row) throw HoldNotFound({});
    return toHoldDto(asOf(row, new Date()));
  }

  /** Newest first. */
  async function list(scope: WorkspaceScope, { page, limit }: PageInput): Promise<Page<Hold>> {
    const now = new Date();
    const where = { workspaceId: scope.workspaceId };
    const [rows, total] = await Promise.all([
      db.read.creditHold.findMany({
        where,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        skip: (page - 1) * limit,
        take: limit,
      }),
      db.read.creditHold.count({ where }),
    ]);
    return { items: rows.map((row) => toHoldDto(asOf(row, now))), page, limit, total };
  }

  return { create, capture, release, get, list };
}

export type HoldService = ReturnType<typeof createHoldService>;
