import {
  FormNotFound,
  type ListSubmissionsInput,
  type Submission,
  SubmissionDeleted,
  type SubmissionInput,
  SubmissionNotFound,
  SubmissionReceived,
  type SubmissionWithBody,
} from '@morket/contract/form';
import type { Page } from '@morket/contract/primitives';
import type { Db, Tx } from '@morket/db';
import { type RequestOrigin, systemActing, type WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { record } from '../record/index.ts';
import { findForm } from './form.repo.ts';
import { keyHashOf, submissionIdOf } from './form-key.ts';
import * as repo from './submission.repo.ts';

/** One request to a form's address, as it came. */
export type FormPost = {
  readonly formKey: string;
  readonly idempotencyKey: string | null;
  readonly body: Uint8Array;
  readonly contentType: string | null;
  /** Of the page that sent it. */
  readonly origin: string | null;
};

/** What is sent to forms, and the inbox it waits in. What becomes of it is the consumer's part. */
export function createSubmissionService({ db }: { readonly db: Db }) {
  /**
   * Stores what a form sent, unread, and answers with its id. An unknown key is answered alike, so that nothing can be probed; what
   * comes again under its idempotency key is stored once.
   */
  async function receive(post: FormPost, origin: RequestOrigin): Promise<{ readonly id: string }> {
    const { formKey, idempotencyKey, body, contentType } = post;
    const id = idempotencyKey === null ? newId() : submissionIdOf(formKey, idempotencyKey, body);
    const keyHash = keyHashOf(formKey);
    if (!keyHash) return { id };
    await db.transaction(async (tx) => {
      const sent = { id, body, contentType, origin: post.origin, userAgent: origin.userAgent };
      const stored = await repo.insertSubmission(tx, keyHash, sent);
      if (!stored) return;
      const acting = { ...systemActing(stored.workspaceId, 'form'), origin };
      await record(tx, acting, SubmissionReceived(id, { formId: stored.formId }));
    });
    return { id };
  }

  /** Throws `form.not_found` for a form that the workspace does not have. */
  async function list(scope: WorkspaceScope, input: ListSubmissionsInput): Promise<Page<Submission>> {
    const { formId } = input;
    if (formId !== undefined && !(await findForm(db.read, scope, formId))) throw FormNotFound({});
    const { items, total } = await repo.listSubmissions(db.read, scope.workspaceId, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** Throws `form.submission_not_found`. */
  async function get({ workspaceId }: WorkspaceScope, { submissionId }: SubmissionInput): Promise<SubmissionWithBody> {
    const row = await repo.findSubmission(db.read, workspaceId, submissionId);
    if (!row) throw SubmissionNotFound({});
    return repo.toSubmissionWithBodyDto(row);
  }

  async function lock(tx: Tx, { workspaceId }: WorkspaceScope, id: string): Promise<Submission> {
    const submission = await repo.lockSubmission(tx, workspaceId, id);
    if (!submission) throw SubmissionNotFound({});
    return submission;
  }

  /**
   * Reads it again by the field map of now; honeypot and list of pages are not asked a second time. Throws
   * `form.submission_not_found`.
   */
  async function replay(scope: WorkspaceScope, { submissionId }: SubmissionInput): Promise<Submission> {
    return once(db, scope, async (tx) => {
      const before = await lock(tx, scope, submissionId);
      // It waits already: a second event would change nothing.
      if (before.state === 'received') return before;
      const after = await repo.reopen(tx, scope.workspaceId, submissionId);
      await record(tx, scope, SubmissionReceived(submissionId, { formId: before.formId }), {
        before: { state: before.state },
        after: { state: after.state },
      });
      return after;
    });
  }

  /** Throws `form.submission_not_found`. */
  async function remove(scope: WorkspaceScope, { submissionId }: SubmissionInput): Promise<null> {
    return once(db, scope, async (tx) => {
      const { formId, state } = await lock(tx, scope, submissionId);
      await repo.deleteSubmission(tx, scope.workspaceId, submissionId);
      await record(tx, scope, SubmissionDeleted(submissionId, { formId }), { before: { formId, state }, after: {} });
      return null;
    });
  }

  return { receive, list, get, replay, delete: remove };
}

export type SubmissionService = ReturnType<typeof createSubmissionService>;
