/** Before the second try of a consumer, the third, …: about a quarter of an hour in all. */
export const RETRY_DELAYS_MS: readonly number[] = [1_000, 5_000, 30_000, 120_000, 600_000];
