import {
  Capture,
  CaptureExceedsHold,
  CaptureHoldInput,
  CreateHoldInput,
  CreditLimitReached,
  GetHoldInput,
  Hold,
  HoldNotFound,
  HoldPage,
  HoldResolved,
  InsufficientCredits,
  ListHoldsInput,
  ReleaseHoldInput,
} from '@morket/contract/billing';
import { keyed } from '../idempotency-key.ts';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const HOLDS = '/workspaces/{workspaceId}/billing/holds';

export const holdRouter = t.router({
  create: workspaceProcedure('billing:spend')
    .meta({
      rest: { method: 'POST', path: HOLDS, status: 201 },
      summary: 'Set credits aside',
      errors: [InsufficientCredits, CreditLimitReached],
    })
    .input(CreateHoldInput)
    .output(Hold)
    .mutation(({ ctx, input, signal }) => ctx.services.holds.create(ctx.scope, keyed(ctx, input), signal)),
  capture: workspaceProcedure('billing:spend')
    .meta({
      rest: { method: 'POST', path: `${HOLDS}/{holdId}/captures` },
      summary: 'Spend held credits',
      errors: [HoldNotFound, HoldResolved, CaptureExceedsHold],
    })
    .input(CaptureHoldInput)
    .output(Capture)
    .mutation(({ ctx, input, signal }) => ctx.services.holds.capture(ctx.scope, keyed(ctx, input), signal)),
  release: workspaceProcedure('billing:spend')
    .meta({
      rest: { method: 'POST', path: `${HOLDS}/{holdId}/release` },
      summary: 'Free held credits',
      errors: [HoldNotFound, HoldResolved],
    })
    .input(ReleaseHoldInput)
    .output(Hold)
    .mutation(({ ctx, input, signal }) => ctx.services.holds.release(ctx.scope, keyed(ctx, input), signal)),
  get: workspaceProcedure('billing:read')
    .meta({ rest: { method: 'GET', path: `${HOLDS}/{holdId}` }, summary: 'One hold', errors: [HoldNotFound] })
    .input(GetHoldInput)
    .output(Hold)
    .query(({ ctx, input }) => ctx.services.holds.get(ctx.scope, input)),
  list: workspaceProcedure('billing:read')
    .meta({ rest: { method: 'GET', path: HOLDS }, summary: 'Holds, newest first' })
    .input(ListHoldsInput)
    .output(HoldPage)
    .query(({ ctx, input }) => ctx.services.holds.list(ctx.scope, input)),
});
