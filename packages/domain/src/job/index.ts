export {
  defineJob,
  defineSchedule,
  handleJob,
  handleSchedule,
  type JobDefinition,
  type JobHandler,
  type RunPolicy,
  type ScheduleDefinition,
  type ScheduleHandler,
} from './define-job.ts';
export { enqueueAllIn, enqueueIn } from './enqueue.ts';
export { createJobService, type JobService } from './job.service.ts';
export {
  type Claim,
  complete,
  completeIn,
  GiveUp,
  held,
  isCompletedByHandler,
  JobLost,
  type JobRun,
} from './job-run.ts';
export { DEAD_LETTERS, KEPT_SECONDS, QUEUE_COLUMNS, queueOf } from './queue.ts';
