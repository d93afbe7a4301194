/** An endpoint that takes longer than this for an answer holds slots that others could use. */
const SLOW_MS = 1_000;
const SLOW_SHARE = 0.25;
const WEIGHT_OF_LATEST = 0.3;

/** How many attempts an endpoint may have under way; those not named have the usual number. */
export type Slots = {
  readonly usual: number;
  readonly exceptions: readonly (readonly [endpointId: string, slots: number])[];
};

/** Remembers which endpoints are slow, and leaves them fewer slots: many slow ones together do not hold up the rest. */
export function createPace(usual: number) {
  const averages = new Map<string, number>();
  const fewer = Math.max(1, Math.floor(usual * SLOW_SHARE));
  return {
    note(endpointId: string, durationMs: number): void {
      const before = averages.get(endpointId) ?? 0;
      const average = before + WEIGHT_OF_LATEST * (durationMs - before);
      if (average > SLOW_MS) averages.set(endpointId, average);
      else averages.delete(endpointId);
    },
    slots: (): Slots => ({ usual, exceptions: [...averages.keys()].map((endpointId) => [endpointId, fewer]) }),
  };
}
