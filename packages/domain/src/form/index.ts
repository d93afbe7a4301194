export { createFormService, FORM_HOOK_PATH, type FormService } from './form.service.ts';
export { formReader } from './form-reader.ts';
export { sweepSubmissions } from './retention.ts';
export { createSubmissionService, type FormPost, type SubmissionService } from './submission.service.ts';
