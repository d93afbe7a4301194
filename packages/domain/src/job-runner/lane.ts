type Lane<Item> = {
  readonly concurrency: number;
  readonly pollMs: number;
  /** At most `limit` items that are ours from now on. */
  fetch(limit: number): Promise<readonly Item[]>;
  /** Never rejects. */
  run(item: Item): Promise<void>;
  onFetchError(err: unknown): void;
};

/** Fetches whenever there is room, and looks again when something ends, on `wake`, and every `pollMs`. */
export function startLane<Item>({ concurrency, pollMs, fetch, run, onFetchError }: Lane<Item>) {
  const running = new Set<Promise<void>>();
  let isStopped = false;
  let isWoken = false;
  let endRest: () => void = () => undefined;

  function wake(): void {
    isWoken = true;
    endRest();
  }

  const rest = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
      if (isWoken || isStopped) endRest();
    });

  async function fill(): Promise<boolean> {
    const room = concurrency - running.size;
    if (room <= 0) return false;
    const items = await fetch(room).catch((err: unknown) => {
      onFetchError(err);
      return [];
    });
    for (const item of items) {
      const run_ = run(item).finally(() => {
        running.delete(run_);
        wake();
      });
      running.add(run_);
    }
    return items.length > 0;
  }

  async function loop(): Promise<void> {
    while (!isStopped) {
      isWoken = false;
      // What one fetch left out for the sake of others may be there for the next.
      while (!isStopped && (await fill()));
      await rest();
    }
  }
  const looping = loop();

  return {
    wake,
    /** Fetches no more; resolves when nothing more is being fetched. What runs goes on. */
    close: async () => {
      isStopped = true;
      endRest();
      await looping;
    },
    /** Resolves when nothing runs any more. */
    idle: async () => {
      await Promise.all(running);
    },
  };
}
