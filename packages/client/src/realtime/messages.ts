import type { AppRouter } from '../generated/router.ts';

type Told = AppRouter['_def']['record']['realtime']['subscribe']['_def']['$types']['output'];

/**
 * What a stream tells. `event`: something changed; `version` rises with the events of one entity. `reset`: more was
 * missed than can be told, so fetch everything again. `ready`: the stream is open, once for each iteration.
 */
export type RealtimeMessage = Told extends AsyncIterable<{ readonly data: infer Message }> ? Message : never;
export type RealtimeEvent = Extract<RealtimeMessage, { readonly kind: 'event' }>;
