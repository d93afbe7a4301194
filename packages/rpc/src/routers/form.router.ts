import {
  CreateFormInput,
  Form,
  FormInput,
  FormNotFound,
  FormPage,
  FormWithKey,
  ListFormsInput,
  ListSubmissionsInput,
  Submission,
  SubmissionInput,
  SubmissionNotFound,
  SubmissionPage,
  SubmissionWithBody,
  UpdateFormInput,
} from '@morket/contract/form';
import { Done } from '@morket/contract/primitives';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const FORMS = '/workspaces/{workspaceId}/forms';
const FORM = `${FORMS}/{formId}` as const;
const SUBMISSIONS = '/workspaces/{workspaceId}/form-submissions';
const SUBMISSION = `${SUBMISSIONS}/{submissionId}` as const;

const submissionsRouter = t.router({
  list: workspaceProcedure('form:read')
    .meta({
      rest: { method: 'GET', path: SUBMISSIONS },
      summary: 'What was sent to forms, newest first',
      errors: [FormNotFound],
    })
    .input(ListSubmissionsInput)
    .output(SubmissionPage)
    .query(({ ctx, input }) => ctx.services.submissions.list(ctx.scope, input)),
  get: workspaceProcedure('form:read')
    .meta({
      rest: { method: 'GET', path: SUBMISSION },
      summary: 'One submission with its body as it came',
      errors: [SubmissionNotFound],
    })
    .input(SubmissionInput)
    .output(SubmissionWithBody)
    .query(({ ctx, input }) => ctx.services.submissions.get(ctx.scope, input)),
  replay: workspaceProcedure('form:manage')
    .meta({
      rest: { method: 'POST', path: `${SUBMISSION}/replay` },
      summary: 'Read a submission again, by the field map of now',
      errors: [SubmissionNotFound],
    })
    .input(SubmissionInput)
    .output(Submission)
    .mutation(({ ctx, input }) => ctx.services.submissions.replay(ctx.scope, input)),
  delete: workspaceProcedure('form:manage')
    .meta({
      rest: { method: 'DELETE', path: SUBMISSION },
      summary: 'Delete a submission',
      errors: [SubmissionNotFound],
    })
    .input(SubmissionInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.submissions.delete(ctx.scope, input)),
});

export const formRouter = t.router({
  create: workspaceProcedure('form:manage', { feature: 'forms', limit: 'forms' })
    .meta({ rest: { method: 'POST', path: FORMS, status: 201 }, summary: 'Set up a form; its key is shown this once' })
    .input(CreateFormInput)
    .output(FormWithKey)
    .mutation(({ ctx, input }) => ctx.services.forms.create(ctx.scope, input)),
  get: workspaceProcedure('form:read')
    .meta({ rest: { method: 'GET', path: FORM }, summary: 'One form', errors: [FormNotFound] })
    .input(FormInput)
    .output(Form)
    .query(({ ctx, input }) => ctx.services.forms.get(ctx.scope, input)),
  list: workspaceProcedure('form:read')
    .meta({ rest: { method: 'GET', path: FORMS }, summary: 'List forms' })
    .input(ListFormsInput)
    .output(FormPage)
    .query(({ ctx, input }) => ctx.services.forms.list(ctx.scope, input)),
  update: workspaceProcedure('form:manage')
    .meta({ rest: { method: 'PUT', path: FORM }, summary: 'Change a form', errors: [FormNotFound] })
    .input(UpdateFormInput)
    .output(Form)
    .mutation(({ ctx, input }) => ctx.services.forms.update(ctx.scope, input)),
  rotateKey: workspaceProcedure('form:manage')
    .meta({
      rest: { method: 'POST', path: `${FORM}/key` },
      summary: 'Give a form a new key, which is shown this once',
      errors: [FormNotFound],
    })
    .input(FormInput)
    .output(FormWithKey)
    .mutation(({ ctx, input }) => ctx.services.forms.rotateKey(ctx.scope, input)),
  delete: workspaceProcedure('form:manage')
    .meta({
      rest: { method: 'DELETE', path: FORM },
      summary: 'Delete a form with everything that was sent to it',
      errors: [FormNotFound],
    })
    .input(FormInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.forms.delete(ctx.scope, input)),
  submissions: submissionsRouter,
});
