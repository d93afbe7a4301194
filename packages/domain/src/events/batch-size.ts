/** How many events to try together: fewer where batches fail, since all of a failed batch was for nothing, and more again where they do not. */
export function createBatchSize(most: number) {
  let size = most;
  return {
    now: (): number => size,
    failed: (): void => {
      size = Math.max(1, Math.floor(size / 4));
    },
    succeeded: (): void => {
      size = Math.min(most, size * 2);
    },
  };
}
