import { type Form, FormField } from '@morket/contract/form';
import type { PageInput } from '@morket/contract/primitives';
import type { Reader, Tx } from '@morket/db';
import { z } from 'zod';
import type { WorkspaceScope } from '../access/index.ts';
import type { FormKey } from './form-key.ts';

type Row = {
  readonly workspaceId: string;
  readonly id: string;
  readonly name: string;
  readonly keyPrefix: string;
  readonly allowedOrigins: string[];
  readonly honeypot: string | null;
  readonly fields: unknown;
  readonly isActive: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const Fields = z.array(FormField);

const toFormDto = (row: Row): Form => ({
  ...{ id: row.id, workspaceId: row.workspaceId, name: row.name, keyPrefix: row.keyPrefix },
  ...{ allowedOrigins: row.allowedOrigins, honeypot: row.honeypot, fields: Fields.parse(row.fields) },
  ...{ active: row.isActive, createdBy: row.createdBy, createdAt: row.createdAt, updatedAt: row.updatedAt },
});

type Settings = Pick<Form, 'name' | 'allowedOrigins' | 'honeypot' | 'fields' | 'active'>;

const columnsOf = ({ name, allowedOrigins, honeypot, fields, active }: Settings) => ({
  ...{ name, allowedOrigins, honeypot, fields, isActive: active },
});

const columnsOfKey = ({ keyHash, keyPrefix }: FormKey) => ({ keyHash, keyPrefix });

const idOf = ({ workspaceId }: WorkspaceScope, id: string) => ({ workspaceId_id: { workspaceId, id } });

export async function insertForm(
  tx: Tx,
  { workspaceId, actorId }: WorkspaceScope,
  form: { readonly id: string; readonly settings: Settings; readonly key: FormKey },
): Promise<Form> {
  const { id, settings, key } = form;
  const data = { workspaceId, id, ...columnsOf(settings), ...columnsOfKey(key), createdBy: actorId };
  return toFormDto(await tx.form.create({ data }));
}

/** Null where the workspace has no such form. */
export async function findForm(reader: Reader, scope: WorkspaceScope, id: string): Promise<Form | null> {
  const row = await reader.form.findUnique({ where: idOf(scope, id) });
  return row && toFormDto(row);
}

/** Newest first. */
export async function listForms(reader: Reader, { workspaceId }: WorkspaceScope, { page, limit }: PageInput) {
  const where = { workspaceId };
  const [rows, total] = await Promise.all([
    reader.form.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.form.count({ where }),
  ]);
  return { items: rows.map(toFormDto), total };
}

/** Locks one form of the workspace; null: there is none. */
export async function lockForm(tx: Tx, scope: WorkspaceScope, id: string): Promise<Form | null> {
  await tx.$queryRaw`
    select from forms where workspace_id = ${scope.workspaceId}::uuid and id = ${id}::uuid for update`;
  return findForm(tx, scope, id);
}

export async function saveForm(tx: Tx, scope: WorkspaceScope, id: string, settings: Settings): Promise<Form> {
  const data = { ...columnsOf(settings), updatedAt: new Date() };
  return toFormDto(await tx.form.update({ where: idOf(scope, id), data }));
}

export async function saveKey(tx: Tx, scope: WorkspaceScope, id: string, key: FormKey): Promise<Form> {
  const data = { ...columnsOfKey(key), updatedAt: new Date() };
  return toFormDto(await tx.form.update({ where: idOf(scope, id), data }));
}

/** With everything that was sent to it. */
export async function deleteForm(tx: Tx, scope: WorkspaceScope, id: string): Promise<void> {
  await tx.form.delete({ where: idOf(scope, id) });
}
