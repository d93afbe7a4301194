/**
 * A place in the stream of a workspace. Events are told in windows: those of the transactions from `from` up to, and without, `to`, in
 * the order of `seq`. A cursor stands behind the event `seq` of its window; before it lies everything of earlier windows.
 */
export type Cursor = {
  /** Names the cluster and database that numbered the transactions: elsewhere the numbers mean something else. */
  readonly epoch: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly seq: bigint;
  /** When it was given out, in seconds since 1970. */
  readonly atSeconds: number;
};

const FORM = /^([a-z0-9-]{1,40})\.(\d{1,19})\.(\d{1,19})\.(\d{1,19})\.(\d{1,12})$/;
/** The largest number that PostgreSQL's `bigint` holds. */
const MAX = 2n ** 63n - 1n;

export const cursorId = ({ epoch, from, to, seq, atSeconds }: Cursor): string =>
  `${epoch}.${from}.${to}.${seq}.${atSeconds}`;

/** The cursor that an id stands for; null for any other text. */
export function parseCursor(id: string): Cursor | null {
  const [, epoch, from, to, seq, at] = FORM.exec(id) ?? [];
  if (epoch === undefined || from === undefined || to === undefined || seq === undefined) return null;
  const cursor = { epoch, from: BigInt(from), to: BigInt(to), seq: BigInt(seq), atSeconds: Number(at) };
  return cursor.from <= cursor.to && cursor.to <= MAX && cursor.seq <= MAX ? cursor : null;
}

/** Whether what was missed since can still be told; else why not. `now` is a place of today in the same stream. */
export function judgeCursor(
  cursor: Cursor | null,
  now: { readonly epoch: string; readonly position: bigint; readonly atSeconds: number },
  maxAgeSeconds: number,
): 'good' | 'unknown_position' | 'too_old' {
  // One ahead of us was made up: positions only rise, and ours was taken after the cursor came in.
  if (!cursor || cursor.epoch !== now.epoch || cursor.to > now.position) return 'unknown_position';
  return now.atSeconds - cursor.atSeconds > maxAgeSeconds ? 'too_old' : 'good';
}
