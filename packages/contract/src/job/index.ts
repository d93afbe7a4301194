export {
  JobInterrupted,
  JobIsOver,
  JobNotFound,
  JobNotRetryable,
  JobPayloadInvalid,
  JobTimedOut,
} from './job.errors.ts';
export { JobCancelled, JobFailed, JobRetried } from './job.events.ts';
export { Job, JobInput, JobPage, JobState, ListJobsInput } from './job.schema.ts';
