import type { Finding, Target } from '../report/finding.ts';
import type { Recorder } from '../report/recorder.ts';
import { ratioOfRounds, spreadOf } from '../report/statistics.ts';
import { names } from './loads.ts';
import type { Protocol } from './pgbench.ts';

const HOT = 'one hot workspace';
const SPREAD = '1,000 workspaces';
const BEST: Readonly<Record<Protocol, string>> = {
  simple: "pgbench's best of 1, 8, 32 clients",
  prepared: 'the same, its statements prepared',
};

/** The lines of the report. */
export function ledgerFindings(recorder: Recorder, hasPgbench: boolean): Finding[] {
  const { rates, bestRates, p99s, refused } = recorder;

  const beside = (what: string, against: string, sides: readonly [number[], number[]], target?: Target): Finding => ({
    suite: 'ledger',
    what,
    against,
    unit: '×',
    value: ratioOfRounds(...sides),
    ...(target && { target }),
  });
  const besidePgbench = (
    what: string,
    ours: string,
    { where, protocol = 'simple', target }: { where: 'hot' | 'spread'; protocol?: Protocol; target?: Target },
  ): Finding => {
    const against = BEST[protocol];
    if (hasPgbench) return beside(what, against, [rates(ours), bestRates(names.pgbench(where, protocol))], target);
    const skipped = { value: null, note: 'no pgbench here' } as const;
    return { suite: 'ledger', what, against, unit: '×', ...skipped, ...(target && { target }) };
  };
  const latency = (what: string, name: string): Finding => {
    const turnedAway = refused(name);
    return {
      suite: 'ledger',
      what,
      against: null,
      unit: 'ms',
      value: spreadOf(p99s(name)),
      ...(turnedAway > 0 && { refused: turnedAway, note: `${turnedAway} calls refused` }),
      target: { atMost: 50 },
    };
  };

  const low = [rates(names.core('hot', 1)), rates(names.plain)] as const;
  const [alone = ''] = names.pgbench('hot', 'simple');
  const naive = bestRates([names.naive(1), names.naive(64)]);
  const [hot, spread] = [(inFlight: number) => names.core('hot', inFlight), names.core('spread', 256)];
  return [
    besidePgbench(`${HOT}, 256 in flight`, hot(256), { where: 'hot', target: { atLeast: 10 } }),
    besidePgbench(`${HOT}, 256 in flight`, hot(256), { where: 'hot', protocol: 'prepared' }),
    beside(`${HOT}, 256 in flight`, 'Prisma transactions, best of 1, 64', [rates(hot(256)), naive]),
    besidePgbench(`${HOT}, 64 in flight`, hot(64), { where: 'hot' }),
    besidePgbench(`${HOT}, 16 in flight`, hot(16), { where: 'hot' }),
    besidePgbench(`${SPREAD}, 256 in flight`, spread, { where: 'spread', target: { atLeast: 2 } }),
    besidePgbench(`${SPREAD}, 256 in flight`, spread, { where: 'spread', protocol: 'prepared' }),
    besidePgbench(`${HOT} over HTTP, 64 in flight`, names.http, { where: 'hot', target: { atLeast: 3 } }),
    beside(`${HOT}, 1 in flight`, 'a plain transaction, same rows', [...low], { atLeast: 0.9 }),
    ...(hasPgbench ? [beside(`${HOT}, 1 in flight`, 'pgbench, 1 client', [rates(hot(1)), rates(alone)])] : []),
    latency(`p99 of a debit, ${HOT}, 64 in flight`, hot(64)),
    latency('p99 of a debit over HTTP, 64 in flight', names.http),
  ];
}
