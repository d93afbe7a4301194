import type { Db } from '@morket/db';

const KEPT_DAYS = 30;
const AT_ONCE = 2_000;

const deleteOld = (db: Db) => db.read.$executeRaw`
  delete from webhook_deliveries where (workspace_id, id) in (
    select workspace_id, id from webhook_deliveries
     where created_at < now() - make_interval(days => ${KEPT_DAYS}::int) order by created_at limit ${AT_ONCE}::int)`;

/** What somebody is just sending is settled by them, or when their lease has run out. */
const settleOfDeleted = (db: Db) => db.read.$executeRaw`
  update webhook_deliveries set state = 'failed', lease_id = null, settled_at = clock_timestamp()
   where state = 'pending' and (lease_id is null or due_at <= clock_timestamp()) and (workspace_id, id) in (
    select d.workspace_id, d.id from webhook_endpoints e
      join webhook_deliveries d on d.workspace_id = e.workspace_id and d.endpoint_id = e.id
     where e.deleted_at is not null and d.state = 'pending' and (d.lease_id is null or d.due_at <= clock_timestamp())
     limit ${AT_ONCE}::int)`;

const deleteEmptied = (db: Db) => db.read.$executeRaw`
  delete from webhook_endpoints e
   where e.deleted_at is not null
     and not exists (select from webhook_deliveries d where d.workspace_id = e.workspace_id and d.endpoint_id = e.id)`;

const forgetOldSecrets = (db: Db) => db.read.$executeRaw`
  update webhook_endpoints set sealed_previous = null, previous_key_version = null, previous_secret_until = null
   where previous_key_version is not null and previous_secret_until <= now()`;

/**
 * Removes deliveries with their logs after 30 days, deleted endpoints with their last one, and secrets that sign no more. What waits for a
 * deleted endpoint waits no longer.
 */
export async function sweepWebhooks(db: Db): Promise<{ readonly deliveries: number }> {
  let deliveries = 0;
  for (let removed = AT_ONCE; removed === AT_ONCE; deliveries += removed) removed = await deleteOld(db);
  for (let settled = AT_ONCE; settled === AT_ONCE; ) settled = await settleOfDeleted(db);
  await deleteEmptied(db);
  await forgetOldSecrets(db);
  return { deliveries };
}
