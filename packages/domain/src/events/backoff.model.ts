/** Growing pauses with full jitter above half: retries of many must not come back in step. `random` is in 0 ≤ x < 1. */
export function backoffMs(
  failures: number,
  limits: { readonly floorMs: number; readonly ceilingMs: number },
  random: number,
): number {
  const grown = Math.min(limits.ceilingMs, limits.floorMs * 2 ** Math.max(0, Math.min(30, failures - 1)));
  return grown / 2 + (grown / 2) * random;
}
