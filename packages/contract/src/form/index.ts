export { FormNotFound, SubmissionNotFound } from './form.errors.ts';
export {
  FormCreated,
  FormDeleted,
  FormKeyRotated,
  FormUpdated,
  SubmissionAccepted,
  SubmissionDeleted,
  SubmissionReceived,
  SubmissionRejected,
} from './form.events.ts';
export {
  CreateFormInput,
  FieldType,
  FieldValue,
  Form,
  FormField,
  FormInput,
  FormPage,
  FormWithKey,
  ListFormsInput,
  ListSubmissionsInput,
  Submission,
  SubmissionInput,
  SubmissionPage,
  SubmissionState,
  SubmissionWithBody,
  UpdateFormInput,
} from './form.schema.ts';
