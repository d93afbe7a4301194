import type { MorketError } from '../errors.ts';
import type { Feed, RealtimeState } from './feed.ts';
import type { RealtimeEvent, RealtimeMessage } from './messages.ts';

/** Messages that wait for a loop that is slow; one that falls behind further is told to fetch everything again. */
const MAX_WAITING = 1_000;

export type SubscriptionOptions = {
  /** Kinds of entities, such as `billing_account`, or events, such as `billing.debited`; everything unless given. */
  readonly topics?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onState?: ((state: RealtimeState) => void) | undefined;
};

const END = { done: true, value: undefined } as const;

type Waiting = { resolve(result: IteratorResult<RealtimeMessage, undefined>): void; reject(err: unknown): void };

/** The messages of a feed, for one loop. Listening begins with the first `next` and ends with the loop, or with the signal. */
export function subscription(
  feed: Feed,
  { topics, signal, onState }: SubscriptionOptions,
): AsyncIterableIterator<RealtimeMessage, undefined> {
  const wanted = topics && new Set(topics);
  const isWanted = ({ entity, name }: RealtimeEvent) => !wanted || wanted.has(entity) || wanted.has(name);
  let queue: RealtimeMessage[] = [];
  const waiting: Waiting[] = [];
  let isReady = false;
  let leave: (() => void) | null = null;
  let error: MorketError | null = null;
  let isOver = false;

  function settle(): void {
    while (waiting.length > 0) {
      const value = queue.shift();
      if (value) waiting.shift()?.resolve({ done: false, value });
      else if (error) {
        waiting.shift()?.reject(error);
        error = null; // once; from then on it has ended
      } else if (isOver) waiting.shift()?.resolve(END);
      else return;
    }
  }

  function end(): void {
    isOver = true;
    signal?.removeEventListener('abort', stop);
    leave?.();
    settle();
  }

  function stop(): void {
    queue = [];
    end();
  }

  function take(message: RealtimeMessage): void {
    if (message.kind === 'event' && !isWanted(message)) return;
    if (message.kind === 'ready') {
      if (isReady) return;
      isReady = true;
    }
    if (message.kind === 'reset') queue = queue.filter(({ kind }) => kind === 'ready');
    if (queue.length >= MAX_WAITING) queue = [{ kind: 'reset', reason: 'too_much' }];
    else queue.push(message);
    settle();
  }

  function begin(): void {
    if (leave || isOver) return;
    if (signal?.aborted) {
      end();
      return;
    }
    signal?.addEventListener('abort', stop);
    leave = feed.join({
      take,
      fail: (err) => {
        error = err;
        end();
      },
      onState: (state) => onState?.(state),
    });
  }

  return {
    next: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        begin();
        settle();
      }),
    return: async () => {
      stop();
      return END;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
