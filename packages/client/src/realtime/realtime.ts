import type { Clock, Fetch, MorketOptions } from '../options.ts';
import type { Session } from '../session.ts';
import { connect } from './connection.ts';
import { createFeed, type Feed, type FeedOptions, type RealtimeState } from './feed.ts';
import type { RealtimeMessage } from './messages.ts';
import { subscription } from './subscription.ts';

export type RealtimeInput = {
  /** The workspace to listen to, where the client does not know it. */
  readonly workspaceId?: string | undefined;
  /** Kinds of entities, such as `billing_account`, or events, such as `billing.debited`; everything unless given. */
  readonly topics?: readonly string[] | undefined;
};

export type RealtimeOptions = {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Hears whether a stream is open or being opened, for a note such as "Reconnecting…". */
  readonly onState?: ((state: RealtimeState) => void) | undefined;
};

export type Realtime = {
  /**
   * What happens in a workspace: `for await (const message of morket.realtime.subscribe())`. It reconnects by itself and
   * then tells what was missed, each event once, or `reset`. All loops of a client over one workspace share a stream.
   * Throws a MorketError when listening is refused, or allowed no longer.
   */
  subscribe(input?: RealtimeInput, options?: RealtimeOptions): AsyncIterableIterator<RealtimeMessage, undefined>;
};

const PATH = 'realtime.subscribe';

/** What listens for a client, given the headers that name the workspace its calls are meant for; streams are shared. */
export function createRealtime(options: {
  readonly fetch: Fetch;
  /** Where the procedures are served. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Null where an API key stands for it. */
  readonly session: Session | null;
  readonly apiKey: string | undefined;
  readonly onRetry: MorketOptions['onRetry'];
}) {
  const { fetch, url, timeoutMs, clock, session, apiKey, onRetry } = options;
  const feeds = new Map<string, Feed>();

  const opener =
    (input: { readonly workspaceId?: string }, headers: Readonly<Record<string, string>>): FeedOptions['open'] =>
    (tokens, lastEventId, signal) => {
      const token = apiKey ?? tokens?.accessToken;
      return connect({
        ...{ fetch, signal, timeoutMs, now: clock.now },
        url: `${url}/${PATH}?input=${encodeURIComponent(JSON.stringify(input))}`,
        headers: {
          ...headers,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
        },
      });
    };

  function feedOf(input: { readonly workspaceId?: string }, headers: Readonly<Record<string, string>>): Feed {
    const key = JSON.stringify([input, headers]);
    const feed =
      feeds.get(key) ??
      createFeed({
        ...{ session, clock, open: opener(input, headers) },
        onRetry: (attempt, delayMs, error) => onRetry?.({ path: PATH, type: 'subscription', attempt, delayMs, error }),
      });
    feeds.set(key, feed);
    return feed;
  }

  return (headers: Readonly<Record<string, string>>): Realtime => ({
    subscribe: ({ workspaceId, topics } = {}, { signal, onState } = {}) =>
      subscription(feedOf(workspaceId === undefined ? {} : { workspaceId }, headers), { topics, signal, onState }),
  });
}
