import { useWorld } from '@morket/testing';
import { expect, test, vi } from 'vitest';
import { aRunner } from '../../test/job-lab.ts';
import { completeIn, defineSchedule, handleSchedule } from '../job/index.ts';

const world = useWorld();
const schedules = () =>
  world.db.read.$queryRaw<{ name: string; cron: string; timezone: string }[]>`
    select name, cron, timezone from pgboss.schedule order by name`;

/** How many whole minutes the clock of the database shows. */
async function minute(): Promise<number> {
  const [row] = await world.db.read.$queryRaw<{ minute: number }[]>`
    select floor(extract(epoch from now()) / 60)::int as minute`;
  return row?.minute ?? 0;
}

test('two workers fire a schedule once for each of its times', async () => {
  const schedule = defineSchedule({ name: 'test.tick', cron: '* * * * *', timeZone: 'Europe/Vienna' });
  let fired = 0;
  const passes = new Set<string>();
  const before = await minute();
  const handler = handleSchedule(schedule, async (run) => {
    await world.db.transaction((tx) => completeIn(tx, run));
    fired += 1;
  });
  const runners = [1, 2].map(() => aRunner(world, [], { schedules: [handler], superviseSeconds: 1 }));
  try {
    await vi.waitFor(() => expect(fired).toBeGreaterThan(0), { timeout: 15_000 });
    // Both look again every second: after five more looks nothing more has come of it.
    await vi.waitFor(
      async () => {
        const [row] = await world.db.read.$queryRaw<
          { looked: string }[]
        >`select cron_on::text as looked from pgboss.version`;
        passes.add(row?.looked ?? '');
        expect(passes.size).toBeGreaterThan(5);
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(fired).toBeLessThanOrEqual((await minute()) - before + 1);
    expect(await schedules()).toEqual([{ name: 'test.tick', cron: '* * * * *', timezone: 'Europe/Vienna' }]);
    expect(await world.db.read.job.count(), 'the platform’s own work is nobody’s').toBe(0);
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()));
  }
}, 60_000);

test('a schedule that a release has dropped fires no more', async () => {
  const hourly = (name: string) => handleSchedule(defineSchedule({ name, cron: '3 * * * *' }), async () => undefined);
  const names = async () => (await schedules()).map(({ name }) => name);
  const old = aRunner(world, [], { schedules: [hourly('test.kept'), hourly('test.dropped')] });
  await vi.waitFor(async () => expect(await names()).toEqual(['test.dropped', 'test.kept']));
  await old.stop();
  const next = aRunner(world, [], { schedules: [hourly('test.kept')] });
  await vi.waitFor(async () => expect(await names()).toEqual(['test.kept']));
  await next.stop();
});
