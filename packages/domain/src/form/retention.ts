import type { Db } from '@morket/db';

const KEPT_DAYS = 30;
const AT_ONCE = 2_000;

const deleteOld = (db: Db) => db.read.$executeRaw`
  delete from form_submissions where (workspace_id, id) in (
    select workspace_id, id from form_submissions
     where state in ('spam', 'refused', 'invalid') and received_at < now() - make_interval(days => ${KEPT_DAYS}::int)
     order by received_at limit ${AT_ONCE}::int)`;

/** Deletes what was never accepted 30 days after it came; yields how many. */
export async function sweepSubmissions(db: Db): Promise<number> {
  let all = 0;
  for (let removed = AT_ONCE; removed === AT_ONCE; all += removed) removed = await deleteOld(db);
  return all;
}
