import pg from 'pg';

/** Consumers of the chaos workers: by sets, one by one, and one by one with failures by chance. */
export const CONSUMERS = ['sets', 'single', 'flaky'] as const;
export type ChaosConsumer = (typeof CONSUMERS)[number];

/** What was written is counted in the transaction that writes the event, so that a writer may lose its answer and the books stay right. */
export async function openBooks(databaseUrl: string, aggregates: readonly string[]): Promise<void> {
  await withPg(databaseUrl, async (client) => {
    await client.query(`
      create table chaos_aggregates (id text primary key, n int not null default 0);
      create table chaos_effects (place bigint generated always as identity, consumer text, aggregate text, n int, seen int);
      create index on chaos_effects (consumer, aggregate, n)`);
    await client.query('insert into chaos_aggregates (id) select unnest($1::text[])', [aggregates]);
  });
}

/**
 * Compares effects with what was written: of each aggregate each consumer has 1, 2, …, n, stored in that order, and whoever stored one by one
 * saw the one before. Gives a line for each violation.
 */
export function audit(
  databaseUrl: string,
): Promise<{ readonly events: number; readonly violations: readonly string[] }> {
  return withPg(databaseUrl, async (client) => {
    const { rows: books } = await client.query<{ id: string; n: number }>('select id, n from chaos_aggregates');
    const { rows: effects } = await client.query<{
      consumer: string;
      aggregate: string;
      ns: number[];
      unseen: number;
    }>(`
      select consumer, aggregate, array_agg(n order by place) as ns, count(*) filter (where seen <> n - 1)::int as unseen
        from chaos_effects group by consumer, aggregate`);
    const found = new Map(effects.map((row) => [`${row.consumer} ${row.aggregate}`, row]));
    const violations = CONSUMERS.flatMap((consumer) =>
      books.flatMap(({ id, n }) => {
        const { ns = [], unseen = 0 } = found.get(`${consumer} ${id}`) ?? {};
        const flaw = flawOf(ns, n);
        return [
          ...(flaw === null ? [] : [`${consumer}, aggregate ${id}: ${flaw}`]),
          ...(consumer !== 'sets' && unseen > 0
            ? [`${consumer}, aggregate ${id}: ${unseen} did not see the one before`]
            : []),
        ];
      }),
    );
    const { rows } = await client.query<{ count: number }>('select count(*)::int from outbox');
    const written = books.reduce((sum, { n }) => sum + n, 0);
    if (rows[0]?.count !== written)
      violations.push(`${rows[0]?.count} events stand in the outbox, ${written} were written`);
    return { events: written, violations };
  });
}

/** The first thing that is wrong with the effects of one aggregate, in their order; null when they are 1 … n. */
export function flawOf(effects: readonly number[], n: number): string | null {
  const index = effects.findIndex((effect, place) => effect !== place + 1);
  if (index >= 0) return `effect ${index + 1} is that of event ${effects[index]}`;
  return effects.length === n ? null : `${effects.length} effects of ${n} events`;
}

/** What is left to deliver: in the outbox, and in the queues of the consumers. */
export function countLeft(client: pg.Client): Promise<number> {
  return client
    .query<{ left: number }>(
      `select ((select count(*) from outbox where published_at is null) + (select count(*) from dead_letters))::int as left`,
    )
    .then(({ rows }) => rows[0]?.left ?? 0);
}

export async function withPg<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  // A server that is killed meanwhile is told to whoever waits for an answer.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
