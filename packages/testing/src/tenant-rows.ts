import type { Tenant } from './factories.ts';
import { withClient } from './template-database.ts';
import type { World } from './world.ts';

/** Every row that belongs to the tenant or its owner, by table, as text. A new table counts as soon as it has `workspace_id` or `user_id`. */
export async function rowsOf(world: World, { id, owner }: Tenant): Promise<ReadonlyMap<string, readonly string[]>> {
  return withClient(world.databaseUrl, async (client) => {
    const { rows: columns } = await client.query<{ table: string; column: string }>(`
      select c.table_name as table, c.column_name as column
        from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
       where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
         and (c.column_name in ('workspace_id', 'user_id', 'actor_id') or (c.table_name in ('workspaces', 'users') and c.column_name = 'id'))`);
    const found = new Map<string, string[]>();
    for (const { table, column } of columns) {
      const mine = column === 'workspace_id' || table === 'workspaces' ? id : owner.user.id;
      const { rows } = await client.query<{ row: string }>({
        text: `select r::text as row from ${client.escapeIdentifier(table)} r where ${client.escapeIdentifier(column)} = $1 order by 1`,
        values: [mine],
      });
      found.set(table, [...(found.get(table) ?? []), ...rows.map(({ row }) => row)]);
    }
    return found;
  });
}

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** Every id that stands in those rows: of the workspace, its people, and all that they have made. */
export function idsIn(rows: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  return new Set([...rows.values()].flat().flatMap((row) => row.match(UUID) ?? []));
}
