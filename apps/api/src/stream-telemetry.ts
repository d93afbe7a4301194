import type { RealtimeService } from '@morket/domain/realtime';
import type { Telemetry } from '@morket/domain/telemetry';

/** Streams that are counted while they are open, and their messages. Without telemetry it is the service itself. */
export function observedStreams(realtime: RealtimeService, telemetry: Telemetry): RealtimeService {
  if (!telemetry.isOn) return realtime;
  let open = 0;
  telemetry.gauge('morket_realtime_streams', () => [{ labels: {}, value: open }]);
  return {
    ...realtime,
    async *subscribe(...given) {
      open += 1;
      try {
        for await (const told of realtime.subscribe(...given)) {
          telemetry.count('morket_realtime_messages_total', { kind: told.message.kind });
          yield told;
        }
      } finally {
        open -= 1;
      }
    },
  };
}
