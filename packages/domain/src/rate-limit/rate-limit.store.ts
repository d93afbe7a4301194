import type { WindowCounts } from './window.model.ts';

/** The outcome of one attempt to take `cost` calls from a window; a refused attempt takes nothing. */
export type Take = { readonly taken: boolean; readonly counts: WindowCounts };

/** Counters that all processes share. */
export type RateLimitStore = {
  take(
    key: Buffer,
    request: { readonly limit: number; readonly windowSeconds: number; readonly cost: number },
  ): Promise<Take>;
};
