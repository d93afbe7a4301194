import { RealtimeMessage, SubscribeInput, TooManyStreams } from '@morket/contract/realtime';
import { reauthorizing, workspaceProcedure } from '../procedures/index.ts';
import { streamOf, trackedStream } from '../streams.ts';
import { t } from '../trpc.ts';

const PERMISSION = 'workspace:read';

export const realtimeRouter = t.router({
  subscribe: workspaceProcedure(PERMISSION)
    .meta({ summary: 'Hear of what happens in a workspace', errors: [TooManyStreams] })
    .input(SubscribeInput)
    .output(streamOf(RealtimeMessage))
    .subscription(({ ctx, input, signal }) => {
      const { claims, scope } = ctx;
      const seconds = 'expiresAtSeconds' in claims ? claims.expiresAtSeconds : undefined;
      return trackedStream(
        ctx.services.realtime.subscribe(scope, input, {
          reauthorize: reauthorizing(ctx, { workspaceId: scope.workspaceId, permission: PERMISSION }),
          expiresAtMs: seconds === undefined ? undefined : seconds * 1_000,
          signal,
        }),
      );
    }),
});
