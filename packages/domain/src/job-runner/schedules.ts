import type { PgBoss } from 'pg-boss';
import type { ScheduleDefinition } from '../job/index.ts';

/** Makes the schedules of pg-boss those of this release: what no release fires any more would fill a queue that nobody works on. */
export async function keepSchedules(boss: PgBoss, definitions: readonly ScheduleDefinition[]): Promise<void> {
  for (const { name, cron, timeZone } of definitions) await boss.schedule(name, cron, null, { tz: timeZone });
  const wanted = new Set(definitions.map(({ name }) => name));
  for (const { name, key } of await boss.getSchedules()) if (!wanted.has(name)) await boss.unschedule(name, key);
}
