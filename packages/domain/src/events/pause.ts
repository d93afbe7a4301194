/** A pause that a call from outside cuts short; a call that comes before it counts as well. */
export function createPause() {
  let isWoken = false;
  let isOver = false;
  let end: () => void = () => undefined;

  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (isOver) return resolve();
      const timer = setTimeout(resolve, ms);
      end = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  return {
    wake: (): void => {
      if (!isWoken) end();
      isWoken = true;
    },
    /** From now on there are no pauses. */
    over: (): void => {
      isOver = true;
      end();
    },
    /** `longMs`, or `shortMs` from the moment that somebody calls. */
    wait: async (longMs: number, shortMs: number): Promise<void> => {
      if (!isWoken) await rest(longMs);
      if (isWoken) await rest(shortMs);
      isWoken = false;
    },
    /** Exactly `ms`, whoever calls. */
    sit: async (ms: number): Promise<void> => {
      const until = performance.now() + ms;
      for (let left = ms; left > 0 && !isOver; left = until - performance.now()) await rest(left);
    },
  };
}
