/** Counts of a key in the current and the previous window; `elapsed` is the part of the current one that is over (0 to 1). */
export type WindowCounts = { readonly previous: number; readonly current: number; readonly elapsed: number };

/** How many calls the sliding window holds: the previous window fades out as the current one goes on. */
export const estimate = ({ previous, current, elapsed }: WindowCounts): number => previous * (1 - elapsed) + current;

/** Seconds until `cost` more calls fit under `limit`, given that no others come; rounded up, at least 1. */
export function secondsUntilFree(counts: WindowCounts, limit: number, windowSeconds: number, cost = 1): number {
  const { previous, current, elapsed } = counts;
  const room = limit - cost;
  // Within this window: previous · (1 − e) + current ≤ room.
  if (current <= room && previous > 0) {
    const freeAt = 1 - (room - current) / previous;
    return Math.max(1, Math.ceil((freeAt - elapsed) * windowSeconds));
  }
  // Else in the next one, where today's count is the one that fades.
  const freeAt = current > 0 ? Math.max(0, 1 - room / current) : 0;
  return Math.max(1, Math.ceil((1 - elapsed + freeAt) * windowSeconds));
}
