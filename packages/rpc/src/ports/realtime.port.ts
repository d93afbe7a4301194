import type { RealtimeMessage, SubscribeInput } from '@morket/contract/realtime';
import type { WorkspaceScope } from '@morket/domain/access';
import type { Watch } from '@morket/domain/realtime';

export type RealtimePort = {
  subscribe(
    scope: WorkspaceScope,
    input: SubscribeInput,
    watch: Watch,
  ): AsyncIterable<{ readonly id: string; readonly message: RealtimeMessage }>;
  /** Ends every stream with `server.unavailable`, and takes in no more: the process is about to end. */
  end(): void;
};
