import { SubmissionAccepted, SubmissionReceived, SubmissionRejected } from '@morket/contract/form';
import { systemActing } from '../access/index.ts';
import { defineConsumer } from '../events/index.ts';
import { record } from '../record/index.ts';
import { settleSubmission } from './submission.model.ts';
import * as repo from './submission.repo.ts';

/** Reads what was sent to forms by their field maps; whoever makes contacts of it listens to `form.submission_accepted`. */
export const formReader = defineConsumer({
  name: 'form-reader',
  events: [SubmissionReceived.eventName],
  handle: async (tx, event) => {
    const { workspaceId, aggregate } = event;
    if (workspaceId === null) return;
    const submission = await repo.lockSubmission(tx, workspaceId, aggregate.id);
    // Deleted meanwhile, or read on an earlier of several replays.
    if (submission?.state !== 'received') return;
    const { rules, sent } = await repo.readSent(tx, workspaceId, aggregate.id);
    const settled = settleSubmission(rules, sent);
    await repo.saveSettled(tx, workspaceId, aggregate.id, settled);
    const { formId } = submission;
    const { state, fields } = settled;
    await record(
      tx,
      systemActing(workspaceId, 'form-reader', event),
      state === 'accepted'
        ? SubmissionAccepted(aggregate.id, { formId, fields: { ...fields } })
        : SubmissionRejected(aggregate.id, { formId, state }),
      // What people wrote stands in the inbox alone: whoever deletes it there has it forgotten.
      { before: { state: 'received' }, after: { state } },
    );
  },
});
