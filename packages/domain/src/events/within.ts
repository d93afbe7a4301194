/** Took longer than it may; what was begun may still end. */
export class TookTooLong extends Error {
  constructor(limitMs: number) {
    super(`It took longer than ${Math.round(limitMs)} ms.`);
    this.name = 'TookTooLong';
  }
}

/** `work`, or `TookTooLong` after `limitMs`: nobody waits for what does not end. */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong(limitMs)), limitMs);
  });
  // Its own failure after the limit is nobody's any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
