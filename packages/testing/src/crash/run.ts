import { setTimeout as delay } from 'node:timers/promises';
import { createDb } from '@morket/db';
import { createLedgerAudit } from '@morket/domain/billing';
import pg from 'pg';
import { checkLedger } from '../ledger-checker.ts';
import { type Claim, checkClaims } from '../ledger-claims.ts';
import { seededRandom } from '../seeded-random.ts';
import { startCrashCluster } from './cluster.ts';
import { type Load, startLoad } from './load.ts';
import { type CrashService, startCrashService } from './service.ts';

export type CrashOptions = {
  /** Decides the orders, their amounts, whom each kill hits and after how many answers. */
  readonly seed: number;
  readonly apiKills: number;
  readonly postgresKills: number;
  readonly inFlight: number;
  /** Default true; false is there to show that lost answers would be noticed. */
  readonly synchronousCommit?: boolean;
  /** Hears of each kill when the service is back. */
  readonly onKill?: (kill: Kill, number: number) => void;
};

export type Kill = {
  readonly target: 'api' | 'postgres';
  /** Requests that were under way and failed. */
  readonly interrupted: number;
  readonly backAfterMs: number;
};

export type CrashReport = {
  readonly kills: readonly Kill[];
  /** Orders with a final answer, and how many of them were refusals. */
  readonly answered: number;
  readonly refused: number;
  /** Orders that needed more than one try, and those of them that had taken effect before their answer was lost. */
  readonly retried: number;
  readonly answersLost: number;
  /** Answers asked for again at the end. */
  readonly replayed: number;
  readonly violations: readonly string[];
};

/** Answers between two kills, and the moment's delay that takes a kill away from the answer it was counted by. */
const BETWEEN_KILLS = { min: 40, max: 250 } as const;
const MAX_DRIFT_MS = 25;
const REPLAYS_OF_UNDISTURBED = 200;

/**
 * Kills the API and PostgreSQL again and again under load, and compares what writers were told with what the ledger holds. The
 * answers are kept in this process, which is not killed. Throws when the service does not come back.
 */
export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const { seed, apiKills, postgresKills, inFlight, synchronousCommit = true, onKill = () => undefined } = options;
  const random = seededRandom(seed);
  const targets = shuffled([...Array(apiKills).fill('api'), ...Array(postgresKills).fill('postgres')], random.next);
  const cluster = await startCrashCluster({ kills: postgresKills, synchronousCommit });
  let service: CrashService | null = null;
  let load: Load | null = null;
  try {
    service = await startCrashService(cluster.url);
    const { openWorkspace } = service;
    // The last one cannot pay for everything, so there are refusals to keep.
    const workspaceIds = [
      await openWorkspace(10_000_000),
      await openWorkspace(10_000_000),
      await openWorkspace(100),
    ] as const;
    // Else a server that loses answers would lose the workspaces as well.
    await withAuditor(cluster.url, (auditor) => auditor.query('checkpoint'));
    load = startLoad({ service, random: seededRandom(seed, 1), workspaceIds: [...workspaceIds], inFlight });
    const kills: Kill[] = [];
    for (const target of targets) {
      await load.reached(load.settled.length + random.integer(BETWEEN_KILLS.min, BETWEEN_KILLS.max));
      await delay(random.integer(0, MAX_DRIFT_MS));
      const { interrupted } = load.markKill();
      const begun = performance.now();
      if (target === 'api') await service.kill();
      else await cluster.kill(random.pick(['alone', 'withBackends']));
      const backAfterMs = Math.round(performance.now() - begun);
      // Every try that began before the kill has ended once its writer has had an answer since.
      await load.reached(load.settled.length + 2 * inFlight);
      const kill = { target, interrupted: interrupted(), backAfterMs };
      kills.push(kill);
      onKill(kill, kills.length);
    }
    await load.stop();
    const { violations, replayed } = await audit(cluster.url, service, load, workspaceIds);
    await service.stop();
    const { settled } = load;
    return {
      kills,
      answered: settled.length,
      refused: settled.filter(({ told }) => told.outcome === 'refused').length,
      retried: settled.filter(({ failedTries }) => failedTries > 0).length,
      answersLost: settled.filter(({ answerWasLost }) => answerWasLost).length,
      replayed,
      violations: [...violations, ...service.complaints()],
    };
  } finally {
    load?.abandon();
    await service?.stop();
    await cluster.remove();
  }
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  return items
    .map((item) => ({ item, place: next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Compares every answer with the ledger, then asks again for those that were disturbed, and for some that were not. */
async function audit(databaseUrl: string, service: CrashService, load: Load, workspaceIds: readonly string[]) {
  const { settled } = load;
  return withAuditor(databaseUrl, async (auditor) => {
    const found = [...(await checkLedger(auditor, workspaceIds)), ...(await checkClaims(auditor, settled))];
    const calm = settled.filter(({ failedTries }) => failedTries === 0);
    const every = Math.max(1, Math.floor(calm.length / REPLAYS_OF_UNDISTURBED));
    const chosen = [...settled.filter(({ failedTries }) => failedTries > 0), ...calm.filter((_, i) => i % every === 0)];
    const again: Claim[] = [];
    for (const { order, ...claim } of chosen) {
      const heard = await service.send(order);
      if ('told' in heard) again.push({ ...claim, told: heard.told });
      else found.push(`${claim.description} has no answer although nothing fails any more: ${heard.failed}`);
    }
    found.push(...(await checkLedger(auditor, workspaceIds)), ...(await checkClaims(auditor, [...settled, ...again])));
    found.push(...(await verifyBooks(databaseUrl, workspaceIds)));
    return { violations: [...new Set(found)], replayed: again.length };
  });
}

/** The product's own verification. */
async function verifyBooks(databaseUrl: string, workspaceIds: readonly string[]): Promise<string[]> {
  const db = createDb({ url: databaseUrl });
  const ledgerAudit = createLedgerAudit({ db });
  try {
    const reports = await Promise.all(workspaceIds.map((id) => ledgerAudit.verifyWorkspace(id)));
    return reports.flatMap((report, index) =>
      report?.intact ? [] : [`${workspaceIds[index]} does not verify: ${report?.divergence?.message}`],
    );
  } finally {
    await db.close();
  }
}

async function withAuditor<T>(databaseUrl: string, work: (auditor: pg.Client) => Promise<T>): Promise<T> {
  const auditor = new pg.Client({ connectionString: databaseUrl });
  await auditor.connect();
  try {
    return await work(auditor);
  } finally {
    await auditor.end();
  }
}
