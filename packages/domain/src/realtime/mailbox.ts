/** What waits for one reader: the latest under each key, in the order of arrival. */
export type Mailbox<Letter> = {
  /** Takes the place of an earlier one under the same key, at the end. */
  put(key: string, letter: Letter): void;
  /** Throws away what waits: the reader has to be told that it missed something. */
  overflow(): void;
  /** Empties it. */
  take(): { readonly letters: readonly Letter[]; readonly overflowed: boolean };
  /** Ends the wait under way, or else the next one. */
  wake(): void;
  /** Resolves when something has come, `wake` is called, or `timeoutMs` have passed. */
  wait(timeoutMs: number): Promise<void>;
};

/** Keeps at most `capacity` letters: a reader that falls behind further loses them all, and is told so. */
export function createMailbox<Letter>(capacity: number): Mailbox<Letter> {
  const letters = new Map<string, Letter>();
  let overflowed = false;
  let isAwake = false;
  let waiting: (() => void) | null = null;

  function wake(): void {
    isAwake = true;
    waiting?.();
  }

  function overflow(): void {
    letters.clear();
    overflowed = true;
    wake();
  }

  return {
    put(key, letter) {
      if (overflowed) return;
      // Not in place: what comes after it has a later position, and a reader resumes behind the last one it got.
      letters.delete(key);
      letters.set(key, letter);
      if (letters.size > capacity) overflow();
      else wake();
    },
    overflow,
    take() {
      const taken = { letters: [...letters.values()], overflowed };
      letters.clear();
      overflowed = false;
      return taken;
    },
    wake,
    async wait(timeoutMs) {
      if (!isAwake) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.max(0, timeoutMs));
          waiting = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        waiting = null;
      }
      isAwake = false;
    },
  };
}
