/** How long to wait between two looks, in milliseconds. */
type Pace = { readonly minMs: number; readonly maxMs: number; readonly afterFailureMs: number };

const SLOWER_BY = 1.5;

/**
 * Looks again and again, one look at a time: often while there is something to find, less often while there is not. `look` tells
 * whether it found anything. `soon` has a look begin that starts after the call, and no sooner than `minMs` after the last one began.
 */
export function createPoller(options: {
  readonly pace: Pace;
  readonly look: () => Promise<boolean>;
  readonly onFailure: (err: unknown) => void;
}) {
  const { pace, look, onFailure } = options;
  let isRunning = false;
  let isLooking = false;
  let isWanted = false;
  let intervalMs = pace.minMs;
  let beganAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    if (isRunning) timer = setTimeout(() => void run(), delayMs);
  }

  const soonMs = () => Math.max(0, beganAt + pace.minMs - performance.now());

  async function run(): Promise<void> {
    isLooking = true;
    isWanted = false;
    beganAt = performance.now();
    try {
      const found = await look();
      intervalMs = found ? pace.minMs : Math.min(pace.maxMs, intervalMs * SLOWER_BY);
    } catch (err) {
      intervalMs = pace.afterFailureMs;
      onFailure(err);
    } finally {
      isLooking = false;
    }
    schedule(isWanted ? soonMs() : Math.max(0, beganAt + intervalMs - performance.now()));
  }

  return {
    start() {
      if (isRunning) return;
      isRunning = true;
      if (!isLooking) schedule(soonMs());
    },
    soon() {
      if (!isRunning || isWanted) return;
      isWanted = true;
      if (!isLooking) schedule(soonMs());
    },
    stop() {
      isRunning = false;
      clearTimeout(timer);
    },
  };
}
