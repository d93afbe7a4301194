export { drainJobs } from './drain.ts';
export { sweepJobs } from './run.repo.ts';
export { type JobLog, type JobRunnerOptions, startJobRunner } from './runner.ts';
