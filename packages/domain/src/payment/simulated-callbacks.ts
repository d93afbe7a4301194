import type { CallbackRequest } from './payment.port.ts';

export type CallbackListener = (request: CallbackRequest) => Promise<void> | void;

/** As providers do, it gives a callback up at some time; the poll is there for that. */
const MAX_DELIVERIES = 5;

type Waiting = { readonly body: Buffer; deliveries: number };

/** The callbacks of the simulated gateway, from the change they tell of to their delivery. */
export function createSimulatedCallbacks(deps: {
  readonly sign: (body: Buffer) => Readonly<Record<string, string>>;
  readonly settle: () => void;
  readonly settleAfterMs: number | undefined;
}) {
  const listeners = new Set<CallbackListener>();
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;

  async function deliver(callback: Waiting): Promise<void> {
    callback.deliveries += 1;
    const request = { headers: deps.sign(callback.body), body: callback.body };
    for (const listener of listeners) await listener(request);
  }

  async function settlePending({ deliver: isDelivering = true }: { readonly deliver?: boolean } = {}): Promise<number> {
    deps.settle();
    const round = waiting;
    waiting = [];
    if (!isDelivering || listeners.size === 0) return 0;
    const failures: unknown[] = [];
    for (const callback of round) {
      try {
        await deliver(callback);
      } catch (err) {
        failures.push(err);
        if (callback.deliveries < MAX_DELIVERIES) waiting.push(callback);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Callbacks were not accepted.');
    return round.length;
  }

  /** What a delivery by itself throws has nobody to go to: it is tried again, as over a network. */
  function schedule(): void {
    if (deps.settleAfterMs === undefined || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      settlePending().catch(() => {
        if (waiting.length > 0) schedule();
      });
    }, deps.settleAfterMs);
    timer.unref();
  }

  return {
    queue(body: unknown): void {
      waiting.push({ body: Buffer.from(JSON.stringify(body)), deliveries: 0 });
      schedule();
    },
    schedule,
    settlePending,
    listen(listener: CallbackListener): () => void {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
