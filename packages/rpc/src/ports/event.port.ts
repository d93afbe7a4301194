import type {
  DeadLetter,
  ListDeadLettersInput,
  RetriedDeadLetter,
  RetryDeadLetterInput,
} from '@morket/contract/events';
import type { Page } from '@morket/contract/primitives';
import type { WorkspaceScope } from '@morket/domain/access';

export type DeadLetterPort = {
  list(scope: WorkspaceScope, input: ListDeadLettersInput): Promise<Page<DeadLetter>>;
  retry(scope: WorkspaceScope, input: RetryDeadLetterInput): Promise<RetriedDeadLetter>;
};
