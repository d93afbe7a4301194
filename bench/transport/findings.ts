import type { Finding, Target } from '../report/finding.ts';
import type { Recorder } from '../report/recorder.ts';
import { ratioOfRounds } from '../report/statistics.ts';
import { CONTENDERS, FASTIFY, type LoadName, MORKET, ORPC_NAME, STOCK } from './contenders.ts';
import { HAND_WRITTEN, HAND_WRITTEN_PREPARED, PRODUCT_LOGGING, PRODUCT_SILENT } from './product-contenders.ts';

/** What Morket's route must reach for a unary call, by whom it stands beside. */
const UNARY_TARGETS: Readonly<Record<string, Target>> = {
  [STOCK]: { atLeast: 3.5 },
  [ORPC_NAME]: { atLeast: 1.5 },
  [FASTIFY]: { atLeast: 0.6 },
};

const WHAT: Readonly<Record<LoadName, string>> = {
  query: 'a query',
  mutation: 'a mutation, 100-byte body',
  rows: 'a window of 200 rows with dates',
};

/** The lines of the report, by throughput and, beside it, by CPU time of the server. */
export function transportFindings(recorder: Recorder): Finding[] {
  const compare = (names: {
    what: string;
    against: string;
    ours: string;
    theirs: string;
    target?: Target;
  }): Finding => {
    const { what, against, ours, theirs, target } = names;
    return {
      suite: 'transport',
      what,
      against,
      unit: '×',
      value: ratioOfRounds(recorder.rates(ours), recorder.rates(theirs)),
      byCpu: ratioOfRounds(recorder.ratesByCpu(ours), recorder.ratesByCpu(theirs)),
      ...(target && { target }),
    };
  };
  const others = CONTENDERS.map(({ name }) => name).filter((name) => name !== MORKET);
  const loads = (['query', 'mutation', 'rows'] as const).flatMap((load) =>
    others.map((name) => {
      const target = load === 'rows' ? undefined : UNARY_TARGETS[name];
      const names = { what: WHAT[load], against: name, ours: `${load} / ${MORKET}`, theirs: `${load} / ${name}` };
      return compare({ ...names, ...(target && { target }) });
    }),
  );
  const batch: Finding = {
    suite: 'transport',
    what: 'cost of a call in a batch of ten',
    against: 'a call alone',
    unit: '×',
    value: ratioOfRounds(recorder.rates(`query / ${MORKET}`), recorder.rates(`batch / ${MORKET}`)),
    byCpu: ratioOfRounds(recorder.ratesByCpu(`query / ${MORKET}`), recorder.ratesByCpu(`batch / ${MORKET}`)),
    target: { atMost: 0.5 },
  };
  const what = 'workspace.get of the product';
  return [
    ...loads,
    batch,
    compare({ what, against: HAND_WRITTEN, ours: PRODUCT_SILENT, theirs: HAND_WRITTEN, target: { atLeast: 0.6 } }),
    compare({ what, against: HAND_WRITTEN_PREPARED, ours: PRODUCT_SILENT, theirs: HAND_WRITTEN_PREPARED }),
    compare({ what: `${what}, logging`, against: HAND_WRITTEN, ours: PRODUCT_LOGGING, theirs: HAND_WRITTEN }),
  ];
}
