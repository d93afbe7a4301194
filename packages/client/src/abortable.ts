import { aborted } from './failures.ts';

/**
 * Runs `work` under a signal of its own that follows `signal`, and rejects with `client.aborted` as soon as `signal`
 * fires. Nothing stays attached to `signal` afterwards, which may outlive thousands of calls.
 */
export function abortable<Result>(
  signal: AbortSignal | null | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const own = new AbortController();
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(aborted(signal?.reason));
      own.abort(signal?.reason);
    };
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort);
    const settled = () => signal?.removeEventListener('abort', abort);
    work(own.signal).finally(settled).then(resolve, reject);
  });
}
