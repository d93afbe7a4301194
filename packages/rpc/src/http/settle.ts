/** A value, or the promise of one where somebody had to wait for it. */
export type Settled<T> = T | Promise<T>;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/**
 * `await` inside `try`, without the turns of the microtask queue where nothing has to be waited for: with them a call that waits for
 * nothing costs a tenth more CPU. What `done` throws is not handed to `failed`.
 */
export function settle<T, R>(
  work: () => T | PromiseLike<T>,
  done: (value: T) => Settled<R>,
  failed: (cause: unknown) => Settled<R>,
): Settled<R> {
  let value: T | PromiseLike<T>;
  try {
    value = work();
  } catch (cause) {
    return failed(cause);
  }
  return isThenable(value) ? Promise.resolve(value).then(done, failed) : done(value);
}
