import type {
  CreateFormInput,
  Form,
  FormInput,
  FormWithKey,
  ListSubmissionsInput,
  Submission,
  SubmissionInput,
  SubmissionWithBody,
  UpdateFormInput,
} from '@morket/contract/form';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { WorkspaceScope } from '@morket/domain/access';

export type FormPort = {
  create(scope: WorkspaceScope, input: CreateFormInput): Promise<FormWithKey>;
  get(scope: WorkspaceScope, input: FormInput): Promise<Form>;
  list(scope: WorkspaceScope, input: PageInput): Promise<Page<Form>>;
  update(scope: WorkspaceScope, input: UpdateFormInput): Promise<Form>;
  rotateKey(scope: WorkspaceScope, input: FormInput): Promise<FormWithKey>;
  delete(scope: WorkspaceScope, input: FormInput): Promise<null>;
};

export type SubmissionPort = {
  list(scope: WorkspaceScope, input: ListSubmissionsInput): Promise<Page<Submission>>;
  get(scope: WorkspaceScope, input: SubmissionInput): Promise<SubmissionWithBody>;
  replay(scope: WorkspaceScope, input: SubmissionInput): Promise<Submission>;
  delete(scope: WorkspaceScope, input: SubmissionInput): Promise<null>;
};
