/** A worker as a process of its own, to be killed: `node job-worker.ts <database url> <slow|quick>`. */
import { createDb } from '@morket/db';
import { completeIn, defineJob, handleJob } from '@morket/domain/job';
import { startJobRunner } from '@morket/domain/job-runner';
import { z } from 'zod';

const [databaseUrl = '', pace = 'quick'] = process.argv.slice(2);
const db = createDb({ url: databaseUrl, poolSize: 4 });
const tell = (word: string) => void process.stdout.write(`${word}\n`);
const never = new Promise<void>(() => undefined);

/** Its effect is a row that bears its id: a second one would show. */
const job = defineJob({
  ...{ name: 'test.crash', backoffSeconds: 0, maxBackoffSeconds: 1, retries: 50 },
  ...{ concurrency: 4, perWorkspace: 4 },
  payload: z.object({ dieAt: z.enum(['before', 'uncommitted', 'committed', 'any']) }),
});
const handler = handleJob(job, async ({ dieAt }, run) => {
  const isSlow = pace === 'slow';
  if (isSlow && dieAt === 'before') {
    tell('now');
    await never;
  }
  await db.transaction(async (tx) => {
    // Long enough for another worker to be at the same job, where this one was taken for dead.
    if (dieAt === 'any') await tx.$queryRaw`select 1 from pg_sleep(random() * 0.5)`;
    await tx.$executeRaw`insert into processed_events (consumer, event_id) values (${run.id}, gen_random_uuid())`;
    await completeIn(tx, run);
    if (isSlow && dieAt === 'uncommitted') {
      tell('now');
      await never;
    }
  });
  if (isSlow && dieAt === 'committed') {
    tell('now');
    await never;
  }
});

const log = {
  warn: () => undefined,
  error: (fields: object, message: string) => tell(`${message} ${JSON.stringify(fields)}`),
};
const runner = startJobRunner({ db, databaseUrl, jobs: [handler], log, pollMs: 50, superviseSeconds: 1 });
process.on('SIGTERM', () => {
  void runner
    .stop()
    .then(() => db.close())
    .then(() => process.exit(0));
});
tell('up');
