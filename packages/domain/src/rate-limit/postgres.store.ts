import type { Db } from '@morket/db';
import type { RateLimitStore } from './rate-limit.store.ts';

type Row = { readonly taken: boolean; readonly previous: number; readonly current: number; readonly elapsed: number };

/** Counters in an UNLOGGED table, by the database's clock. */
export function createPostgresStore(db: Db): RateLimitStore {
  return {
    /** The conflicting row is locked by the upsert, so of two processes that race for the last place one is refused. */
    async take(key, { limit, windowSeconds, cost }) {
      const bytes = new Uint8Array(key);
      const [row] = await db.read.$queryRaw<Row[]>`
        with clock as (
          select to_timestamp(floor(extract(epoch from now()) / ${windowSeconds}::int) * ${windowSeconds}::int) as opened,
                 extract(epoch from now()) / ${windowSeconds}::int
                   - floor(extract(epoch from now()) / ${windowSeconds}::int) as elapsed
        ), earlier as (
          select coalesce((select count from rate_limits, clock
                            where key = ${bytes} and window_start = opened - make_interval(secs => ${windowSeconds}::int)), 0) as count
        ), attempt as (
          insert into rate_limits as r (key, window_start, count)
          select ${bytes}, opened, ${cost}::int from clock, earlier
           where earlier.count * (1 - elapsed) + ${cost}::int <= ${limit}::int
          on conflict (key, window_start) do update set count = r.count + ${cost}::int
           where r.count + ${cost}::int + (select count * (1 - elapsed) from clock, earlier) <= ${limit}::int
          returning count
        )
        select exists (select 1 from attempt) as taken,
               earlier.count::int as previous,
               coalesce((select count from attempt),
                        (select count from rate_limits where key = ${bytes} and window_start = clock.opened), 0)::int as current,
               clock.elapsed::float8 as elapsed
          from clock, earlier`;
      if (!row) throw new Error('The rate limit statement gives one row.');
      const { taken, previous, current, elapsed } = row;
      return { taken, counts: { previous, current, elapsed } };
    },
  };
}
