import type { Job, JobInput, ListJobsInput } from '@morket/contract/job';
import type { Page } from '@morket/contract/primitives';
import type { WorkspaceScope } from '@morket/domain/access';

export type JobPort = {
  list(scope: WorkspaceScope, input: ListJobsInput): Promise<Page<Job>>;
  get(scope: WorkspaceScope, input: JobInput): Promise<Job>;
  cancel(scope: WorkspaceScope, input: JobInput): Promise<Job>;
  retry(scope: WorkspaceScope, input: JobInput): Promise<Job>;
};
