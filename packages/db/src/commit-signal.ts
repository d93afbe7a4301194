/** Tells listeners of one process that something was committed; what it was is for them to look up. */
export function createCommitSignal() {
  const listeners = new Set<() => void>();

  function listen(listener: () => void): () => void {
    // One of its own for each call, so that a listener given twice is not ended twice at once.
    const mine = () => listener();
    listeners.add(mine);
    return () => void listeners.delete(mine);
  }

  /** Passes a transaction on, and tells the listeners once it is committed. */
  async function after<T>(transaction: Promise<T>): Promise<T> {
    const result = await transaction;
    for (const listener of listeners) listener();
    return result;
  }

  return { listen, after };
}
