import { isMorketError, MorketError } from '../errors.ts';
import { toMorketError } from '../failures.ts';
import type { Clock } from '../options.ts';
import type { Session } from '../session.ts';
import type { StoredTokens } from '../tokens.ts';
import type { Received } from './connection.ts';
import type { RealtimeMessage } from './messages.ts';

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8_000;
/** Delays differ by up to this share, so that clients which were cut off together do not come back together. */
const JITTER = 0.5;

/** Whether a stream is open at this moment, or being opened. */
export type RealtimeState = 'connecting' | 'open';

/** Somebody who listens to a feed. */
export type Listener = {
  take(message: RealtimeMessage): void;
  /** Called once, after which nothing comes any more. */
  fail(error: MorketError): void;
  onState(state: RealtimeState): void;
};

export type FeedOptions = {
  /** Opens one stream for the holder of the tokens, behind an event. */
  readonly open: (
    tokens: StoredTokens | null,
    lastEventId: string | null,
    signal: AbortSignal,
  ) => AsyncGenerator<Received, void, undefined>;
  /** Null where nothing is ever renewed. */
  readonly session: Session | null;
  readonly clock: Clock;
  /** `attempt` counts from 1 since the last message. */
  readonly onRetry: (attempt: number, delayMs: number, error: MorketError) => void;
};

const signedOut = () =>
  new MorketError({
    ...{ code: 'access.unauthenticated', status: 401, details: { reason: 'missing' } },
    message: 'Whoever listened has signed out.',
  });

function delayMs({ retryAfterMs }: MorketError, failures: number, random: number): number {
  const base = retryAfterMs ?? Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
  return base * (1 + JITTER * random);
}

/** One stream for all who listen, opened again behind the last event whenever it ends. It is open while somebody listens. */
export function createFeed({ open, session, clock, onRetry }: FeedOptions) {
  const listeners = new Set<Listener>();
  let state: RealtimeState = 'connecting';
  let ending = new AbortController();

  function enter(next: RealtimeState): void {
    if (state === next) return;
    state = next;
    for (const listener of listeners) listener.onState(next);
  }

  function tell(message: RealtimeMessage): void {
    if (message.kind === 'ready') enter('open');
    for (const listener of listeners) listener.take(message);
  }

  function failAll(error: MorketError): void {
    const told = [...listeners];
    listeners.clear();
    ending.abort();
    for (const listener of told) listener.fail(error);
  }

  /** Newer tokens, where the stream ended because these did; null where nothing can be done about `error`. */
  async function renewed(used: StoredTokens | null, error: MorketError): Promise<StoredTokens | null> {
    if (!used || !isMorketError(error, 'access.unauthenticated')) return null;
    if (error.details.reason !== 'revoked') return session?.renew(used) ?? null;
    await session?.end(used);
    return null;
  }

  async function run(signal: AbortSignal): Promise<void> {
    let lastEventId: string | null = null;
    let failures = 0;
    let isRenewed = false;
    let userId: string | null = null;
    const unsubscribe = session?.onChange((next) => {
      if (userId !== null && next !== userId) failAll(signedOut());
    });
    signal.addEventListener('abort', () => unsubscribe?.());

    /** One stream, from its opening to its end. Throws what it ended with. */
    async function follow(tokens: StoredTokens | null): Promise<void> {
      userId = tokens?.userId ?? null;
      for await (const { id, message } of open(tokens, lastEventId, signal)) {
        if (signal.aborted) return;
        lastEventId = id;
        failures = 0;
        isRenewed = false;
        tell(message);
      }
    }

    while (!signal.aborted) {
      const tokens = (await session?.current()) ?? null;
      const error = await follow(tokens).then(
        () => new MorketError({ code: 'client.connection', message: 'The stream has ended.' }),
        (err: unknown) => toMorketError(err, clock.now()),
      );
      if (signal.aborted) return;
      enter('connecting');
      if (!isRenewed && (await renewed(tokens, error))) {
        isRenewed = true;
        continue;
      }
      if (signal.aborted) return;
      if (!error.retryable) {
        failAll(error);
        return;
      }
      failures += 1;
      const waitMs = delayMs(error, failures, clock.random());
      onRetry(failures, waitMs, error);
      await clock.sleep(waitMs, signal);
    }
  }

  function start(): void {
    ending = new AbortController();
    state = 'connecting';
    run(ending.signal).catch((err: unknown) => failAll(toMorketError(err, clock.now())));
  }

  /** Begins to listen; gives what ends that. Whoever comes in while the stream is open is told that it is ready. */
  function join(listener: Listener): () => void {
    listeners.add(listener);
    listener.onState(listeners.size === 1 ? 'connecting' : state);
    if (listeners.size === 1) start();
    else if (state === 'open') listener.take({ kind: 'ready' });
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) ending.abort();
    };
  }

  return { join };
}

export type Feed = ReturnType<typeof createFeed>;
