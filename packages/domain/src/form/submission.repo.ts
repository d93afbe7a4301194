import {
  FieldValue,
  FormField,
  type ListSubmissionsInput,
  type Submission,
  type SubmissionState,
  type SubmissionWithBody,
} from '@morket/contract/form';
import { Prisma, type Reader, type Tx } from '@morket/db';
import { z } from 'zod';
import type { FormRules, Sent, Settled } from './submission.model.ts';

type Row = {
  readonly workspaceId: string;
  readonly id: string;
  readonly formId: string;
  readonly state: SubmissionState;
  readonly origin: string | null;
  readonly fields: unknown;
  readonly problems: unknown;
  readonly receivedAt: Date;
  readonly settledAt: Date | null;
};
type WholeRow = Row & {
  readonly body: Uint8Array;
  readonly contentType: string | null;
  readonly userAgent: string | null;
};

const Fields = z.record(z.string(), FieldValue).nullable();
const Problems = z.array(z.object({ field: z.string(), problem: z.string() }));
const Rules = z.array(FormField);

const toSubmissionDto = (row: Row): Submission => ({
  ...{ id: row.id, workspaceId: row.workspaceId, formId: row.formId, state: row.state, origin: row.origin },
  ...{ fields: Fields.parse(row.fields), problems: Problems.parse(row.problems) },
  ...{ receivedAt: row.receivedAt, settledAt: row.settledAt },
});

/** What was never UTF-8 is shown with its unreadable places marked. */
export const toSubmissionWithBodyDto = (row: WholeRow): SubmissionWithBody => ({
  ...toSubmissionDto(row),
  ...{ contentType: row.contentType, userAgent: row.userAgent, body: new TextDecoder().decode(row.body) },
});

/** Stores what was sent to the form of this key; null where there is none that takes anything, or where it is stored already. */
export async function insertSubmission(
  tx: Tx,
  keyHash: Uint8Array,
  sent: Omit<Sent, 'isCleared'> & { readonly id: string; readonly userAgent: string | null },
): Promise<{ readonly workspaceId: string; readonly formId: string } | null> {
  const [row] = await tx.$queryRaw<{ workspaceId: string; formId: string }[]>`
    insert into form_submissions (workspace_id, id, form_id, body, content_type, origin, user_agent)
    select f.workspace_id, ${sent.id}::uuid, f.id, ${sent.body}, ${sent.contentType}, ${sent.origin}, ${sent.userAgent}
      from forms f join workspaces w on w.id = f.workspace_id
     where f.key_hash = ${keyHash} and f.is_active and w.deleted_at is null
       for key share of f
    on conflict do nothing
    returning workspace_id as "workspaceId", form_id as "formId"`;
  return row ?? null;
}

const idOf = (workspaceId: string, id: string) => ({ workspaceId_id: { workspaceId, id } });

/** Locks one submission of the workspace; null: there is none. */
export async function lockSubmission(tx: Tx, workspaceId: string, id: string): Promise<Submission | null> {
  await tx.$queryRaw`
    select from form_submissions where workspace_id = ${workspaceId}::uuid and id = ${id}::uuid for update`;
  const row = await tx.formSubmission.findUnique({ where: idOf(workspaceId, id), omit: { body: true } });
  return row && toSubmissionDto(row);
}

/** What a submission is read from, and by which rules. */
export async function readSent(
  tx: Tx,
  workspaceId: string,
  id: string,
): Promise<{ readonly rules: FormRules; readonly sent: Sent }> {
  const row = await tx.formSubmission.findUniqueOrThrow({ where: idOf(workspaceId, id), include: { form: true } });
  const { body, contentType, origin, isCleared, form } = row;
  return {
    rules: { allowedOrigins: form.allowedOrigins, honeypot: form.honeypot, fields: Rules.parse(form.fields) },
    sent: { body, contentType, origin, isCleared },
  };
}

export async function saveSettled(tx: Tx, workspaceId: string, id: string, settled: Settled): Promise<void> {
  const { state, fields, problems } = settled;
  const data = { state, fields: fields ?? Prisma.DbNull, problems: [...problems], settledAt: new Date() };
  await tx.formSubmission.update({ where: idOf(workspaceId, id), data });
}

/** To be read again, now past honeypot and list of pages. */
export async function reopen(tx: Tx, workspaceId: string, id: string): Promise<Submission> {
  const row = await tx.formSubmission.update({
    where: idOf(workspaceId, id),
    data: { state: 'received', isCleared: true, fields: Prisma.DbNull, problems: [], settledAt: null },
    omit: { body: true },
  });
  return toSubmissionDto(row);
}

export async function deleteSubmission(tx: Tx, workspaceId: string, id: string): Promise<void> {
  await tx.formSubmission.delete({ where: idOf(workspaceId, id) });
}

export function findSubmission(reader: Reader, workspaceId: string, id: string): Promise<WholeRow | null> {
  return reader.formSubmission.findUnique({ where: idOf(workspaceId, id) });
}

/** Newest first. */
export async function listSubmissions(reader: Reader, workspaceId: string, input: ListSubmissionsInput) {
  const { page, limit, formId, state } = input;
  const where = { workspaceId, ...(formId !== undefined && { formId }), ...(state !== undefined && { state }) };
  const [rows, total] = await Promise.all([
    reader.formSubmission.findMany({
      where,
      orderBy: [{ receivedAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
      omit: { body: true },
    }),
    reader.formSubmission.count({ where }),
  ]);
  return { items: rows.map(toSubmissionDto), total };
}
