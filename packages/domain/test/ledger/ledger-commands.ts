import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { LedgerCall, Said } from './ledger-call.ts';
import { ask, recharge } from './ledger-model.ts';
import { balanceOf, heldOf, type LedgerState, settle } from './ledger-model-books.ts';

/** A ledger under test. */
export type LedgerSubject = {
  /** `process` 0 or 1: each keeps the order of what it is given, between them there is none. Throws what is no answer. */
  perform(call: LedgerCall, process: number): Promise<Said>;
  /** Works on the recharges that were opened. */
  recharge(): Promise<void>;
  pass(hours: number): Promise<void>;
  sweep(): Promise<void>;
  setLimit(limit: number | null): Promise<void>;
  books(): Promise<{ readonly balance: number; readonly held: number; readonly debt: number }>;
};

/** The model of one run, with what was asked in it. */
type LedgerRun = { state: LedgerState; readonly asked: LedgerCall[] };

type Step =
  | Extract<LedgerCall, { kind: 'credit' | 'debit' }>
  | { readonly kind: 'hold'; readonly amount: number; readonly hours: number; readonly key: string | null }
  | {
      readonly kind: 'capture';
      readonly nth: number;
      readonly amount: number;
      readonly final: boolean;
      readonly key: string | null;
    }
  | { readonly kind: 'release'; readonly nth: number; readonly key: string | null }
  | { readonly kind: 'reverse'; readonly nth: number; readonly key: string | null }
  | { readonly kind: 'again'; readonly nth: number };

const MAX_HOURS = 24;
const amount = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 40) },
);
const small = fc.integer({ min: 1, max: 60 });
const nth = fc.nat({ max: 1_000 });
const key = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom('the first key', 'the second key') },
);
const hours = fc.integer({ min: 1, max: MAX_HOURS });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('credit' as const),
      amount: amount.map((one) => Math.min(one * 3, Number.MAX_SAFE_INTEGER)),
      priority: fc.constantFrom(10, 50, 90),
      expires: fc.option(fc.integer({ min: -1, max: MAX_HOURS }), { freq: 2 }),
      key,
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('debit' as const), amount, key }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('hold' as const), amount: small, hours, key }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('capture' as const), nth, amount: small, final: fc.boolean(), key }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), nth, key }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('reverse' as const), nth, key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), nth }) },
);

const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % list.length];

/** Mostly an open one; sometimes one that is resolved, or another tenant's. */
function holdFor(state: LedgerState, at: number): string {
  const all = [...state.holds.keys()];
  const open = all.filter((name) => state.holds.get(name)?.state === 'open');
  return (at % 8 > 0 ? pick([...open, ...open, ...open, ...all], at) : undefined) ?? 'foreign';
}

/** Mostly one that can be reversed; 0 names none. */
function entryFor(state: LedgerState, at: number): number {
  const all = state.entries.map((entry, index) => ({ ...entry, seq: index + 1 }));
  const reversible = all.filter(({ type, undone }) => !undone && /^(credit|debit|auto_recharge)$/.test(type));
  return (at % 8 > 0 ? pick([...reversible, ...reversible, ...all], at)?.seq : undefined) ?? 0;
}

/** Names what a step means in this run; `at` tells the steps of a run apart. */
function callOf({ state, asked }: LedgerRun, given: Step, at: string): LedgerCall {
  switch (given.kind) {
    case 'credit':
      return given.expires === null ? given : { ...given, expires: state.hour + given.expires };
    case 'debit':
      return given;
    case 'hold':
      return { ...given, name: `hold ${at}` };
    case 'capture': {
      const { amount: taken, final, key: under } = given;
      return { kind: 'capture', hold: holdFor(state, given.nth), amount: taken, final, key: under };
    }
    case 'release':
      return { kind: 'release', hold: holdFor(state, given.nth), key: given.key };
    case 'reverse':
      return { kind: 'reverse', seq: entryFor(state, given.nth), key: given.key };
    case 'again': {
      const earlier = pick(asked, given.nth) ?? { kind: 'debit', amount: 1, key: null };
      // Without a key it opens another hold.
      return earlier.kind === 'hold' ? { ...earlier, name: `hold ${at}` } : earlier;
    }
  }
}

/** Every order in which two queues can be served. */
function* interleavings<T>(left: readonly T[], right: readonly T[]): Generator<readonly T[]> {
  const [first, ...restLeft] = left;
  const [other, ...restRight] = right;
  if (first === undefined || other === undefined) {
    yield [...left, ...right];
    return;
  }
  for (const rest of interleavings(restLeft, right)) yield [first, ...rest];
  for (const rest of interleavings(left, restRight)) yield [other, ...rest];
}

const booksOf = (state: LedgerState) => ({ balance: balanceOf(state), held: heldOf(state), debt: state.debt });

type Command = fc.AsyncCommand<LedgerRun, LedgerSubject>;
const command = (text: string, run: Command['run']): Command => ({ check: () => true, run, toString: () => text });

/** Asks for the steps at the same time, in turn of the two processes, and looks for an order that explains all answers. */
function asking(steps: readonly Step[]): Command {
  return command(JSON.stringify(steps), async (run, subject) => {
    const calls = steps.map((given, index) => callOf(run, given, `${run.asked.length + index}`));
    run.asked.push(...calls);
    const said = await Promise.all(calls.map((call, index) => subject.perform(call, index % 2)));
    await subject.recharge();
    const books = await subject.books();
    const found = { said, books };
    const all = calls.map((_, index) => index);
    const explanations: (typeof found)[] = [];
    for (const order of interleavings(
      all.filter((index) => index % 2 === 0),
      all.filter((index) => index % 2 === 1),
    )) {
      const state = structuredClone(run.state);
      const expected: Said[] = [];
      for (const index of order) {
        const call = calls[index];
        if (call) expected[index] = ask(state, call);
      }
      recharge(state);
      const explanation = { said: expected, books: booksOf(state) };
      if (isDeepStrictEqual(explanation, found)) {
        run.state = state;
        return;
      }
      explanations.push(explanation);
    }
    if (explanations.length === 1) expect(found).toEqual(explanations[0]);
    const orders = explanations.map((one) => JSON.stringify(one)).join('\n');
    expect.fail(`No order explains ${JSON.stringify(found)}; these would be explained:\n${orders}`);
  });
}

const pass = (span: number): Command =>
  command(`${span} hours pass`, async (run, subject) => {
    run.state.hour += span;
    await subject.pass(span);
  });
const sweep = (): Command =>
  command('sweep', async (run, subject) => {
    settle(run.state);
    await subject.sweep();
    expect(await subject.books()).toEqual(booksOf(run.state));
  });
const limit = (wanted: number | null): Command =>
  command(`limit ${wanted}`, async (run, subject) => {
    run.state.limit = wanted;
    await subject.setLimit(wanted);
  });

/** Single steps mostly; bursts of several; time. */
export const ledgerCommands = fc.commands(
  [
    ...Array.from({ length: 5 }, () => step.map((one) => asking([one]))),
    ...Array.from({ length: 2 }, () => fc.array(step, { minLength: 2, maxLength: 5 }).map(asking)),
    hours.map(pass),
    fc.oneof(
      { weight: 2, arbitrary: hours.map(pass) },
      { weight: 1, arbitrary: fc.constant(31 * 24).map(pass) },
      { weight: 2, arbitrary: fc.constant(null).map(sweep) },
      { weight: 1, arbitrary: fc.option(fc.integer({ min: 20, max: 300 })).map(limit) },
    ),
  ],
  { maxCommands: 24, size: 'max' },
);

/** The terms on which an account starts: its rule of automatic recharge and its limit. */
export const ledgerTerms = fc.record({
  rule: fc.option(fc.record({ threshold: small, amount: small })),
  limit: fc.option(fc.integer({ min: 50, max: 400 }), { freq: 3 }),
});
