import { lesser } from './amounts.model.ts';

/** What is left of the credits that the entry `seq` added. */
export type Grant = {
  readonly seq: bigint;
  readonly amount: bigint;
  readonly remaining: bigint;
  /** What left because its time was up. */
  readonly expired: bigint;
  readonly priority: number;
  readonly expiresAt: Date | null;
};

/** Credits taken from one grant; given back, when negative. */
export type Burn = { readonly grantSeq: bigint; readonly amount: bigint };

const NEVER = Number.POSITIVE_INFINITY;
const expiryOf = ({ expiresAt }: Grant): number => expiresAt?.getTime() ?? NEVER;

/** Lower priority first, then earlier expiry, then age. */
export function inBurnOrder(a: Grant, b: Grant): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  const [left, right] = [expiryOf(a), expiryOf(b)];
  if (left !== right) return left < right ? -1 : 1;
  return a.seq < b.seq ? -1 : 1;
}

export const isOverdue = (grant: Grant, now: Date): boolean => expiryOf(grant) <= now.getTime();

export const sumOf = (grants: readonly Grant[]): bigint => grants.reduce((sum, { remaining }) => sum + remaining, 0n);

/** What is left in grants whose time is up. */
export const overdueIn = (grants: readonly Grant[], now: Date): bigint =>
  sumOf(grants.filter((grant) => isOverdue(grant, now)));

/** Takes `amount` from the grants in the order given. Throws when they hold less: the books do not add up then. */
export function take(grants: readonly Grant[], amount: bigint): readonly Burn[] {
  const burns: Burn[] = [];
  let rest = amount;
  for (const { seq, remaining } of grants) {
    if (rest === 0n) break;
    if (remaining === 0n) continue;
    const taken = lesser(remaining, rest);
    burns.push({ grantSeq: seq, amount: taken });
    rest -= taken;
  }
  if (rest > 0n) throw new Error(`The open grants lack ${rest} credits of what the balance says.`);
  return burns;
}

/** The grants after these burns. */
export function afterBurns(grants: readonly Grant[], burns: readonly Burn[]): readonly Grant[] {
  if (burns.length === 0) return grants;
  const taken = new Map(burns.map(({ grantSeq, amount }) => [grantSeq, amount]));
  return grants.map((grant) => {
    const amount = taken.get(grant.seq);
    return amount === undefined ? grant : { ...grant, remaining: grant.remaining - amount };
  });
}

/** Burns as they are stored, in pairs of `seq` and amount. */
export const fromBurns = (burns: readonly Burn[]): readonly bigint[] =>
  burns.flatMap(({ grantSeq, amount }) => [grantSeq, amount]);

/** The burns of a stored entry. */
export function toBurns(stored: readonly bigint[]): readonly Burn[] {
  const burns: Burn[] = [];
  for (let at = 0; at + 1 < stored.length; at += 2) {
    burns.push({ grantSeq: stored[at] ?? 0n, amount: stored[at + 1] ?? 0n });
  }
  return burns;
}
