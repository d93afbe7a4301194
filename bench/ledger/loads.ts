import type { Measurement } from '../report/results.ts';
import type { BusyResult } from './keep-busy.ts';
import { type PgbenchLoad, type Protocol, runPgbench } from './pgbench.ts';
import { HOT_ACCOUNT, SPREAD } from './reference.ts';
import type { Stage } from './stage.ts';

export type Taken = Pick<Measurement, 'perSecond' | 'p50Ms' | 'p99Ms' | 'cpuMicrosPerCall' | 'refused'>;

/** Something that debits for a while. */
export type Load = {
  readonly name: string;
  readonly run: (durationMs: number) => Promise<Taken>;
};

type Where = 'hot' | 'spread';

const PGBENCH_CLIENTS = [1, 8, 32] as const;
const IN_FLIGHT = [16, 64, 256] as const;

/** Under which names series are kept and compared. */
export const names = {
  pgbench: (where: Where, protocol: Protocol) =>
    PGBENCH_CLIENTS.map((clients) => `${where} / pgbench ${protocol}, ${clients} clients`),
  core: (where: Where, inFlight: number) => `${where} / Morket, ${inFlight} in flight`,
  naive: (inFlight: number) => `hot / Prisma transactions, ${inFlight} in flight`,
  http: 'hot / Morket over HTTP, 64 in flight',
  plain: 'hot / plain transaction, 1 in flight',
};

const taken = ({ count, seconds, p50Ms, p99Ms, refused }: BusyResult, cpuMicros: number | null = null): Taken => ({
  perSecond: count / seconds,
  p50Ms,
  p99Ms,
  cpuMicrosPerCall: cpuMicros === null ? null : cpuMicros / count,
  ...(refused > 0 && { refused }),
});

/** Everything that is measured in one round, in its order: what is compared stands close together. */
export function loadsOf(stage: Stage): Load[] {
  const { postgres, core, peer, client, product, acknowledged, hasPgbench } = stage;

  const pgbench = (where: Where, protocol: Protocol): Load[] => {
    if (!hasPgbench) return [];
    const accounts: PgbenchLoad['accounts'] = where === 'hot' ? [HOT_ACCOUNT, HOT_ACCOUNT] : [1, SPREAD];
    return PGBENCH_CLIENTS.map((clients, index) => ({
      name: names.pgbench(where, protocol)[index] ?? '',
      run: async (durationMs) => {
        const { perSecond } = await runPgbench(postgres, { protocol, clients, durationMs, accounts });
        return { perSecond, p50Ms: null, p99Ms: null, cpuMicrosPerCall: null };
      },
    }));
  };

  const morket = (where: Where, inFlight: number): Load => ({
    name: names.core(where, inFlight),
    run: async (durationMs) => {
      const before = await core.ask('cpuMicros');
      const result = await core.ask('debit', { on: where, inFlight, durationMs });
      acknowledged[where] += result.count;
      return taken(result, (await core.ask('cpuMicros')) - before);
    },
  });

  const naive = (inFlight: number): Load => ({
    name: names.naive(inFlight),
    run: async (durationMs) => taken(await peer.ask('naive', { inFlight, durationMs })),
  });
  const plain: Load = { name: names.plain, run: async (durationMs) => taken(await peer.ask('plain', durationMs)) };
  const http: Load = {
    name: names.http,
    run: async (durationMs) => {
      const before = await product.ask('cpuMicros');
      const result = await client.ask('debit', { inFlight: 64, durationMs });
      acknowledged.http += result.count;
      return taken(result, (await product.ask('cpuMicros')) - before);
    },
  };

  return [
    plain,
    morket('hot', 1),
    naive(1),
    naive(64),
    ...pgbench('hot', 'prepared'),
    ...pgbench('hot', 'simple'),
    ...IN_FLIGHT.map((inFlight) => morket('hot', inFlight)),
    http,
    ...pgbench('spread', 'prepared'),
    ...pgbench('spread', 'simple'),
    ...[1, ...IN_FLIGHT].map((inFlight) => morket('spread', inFlight)),
  ];
}
