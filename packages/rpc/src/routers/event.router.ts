import {
  DeadLetterNotFound,
  DeadLetterPage,
  ListDeadLettersInput,
  RetriedDeadLetter,
  RetryDeadLetterInput,
} from '@morket/contract/events';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const DEAD_LETTERS = '/workspaces/{workspaceId}/dead-letters';

const deadLetterRouter = t.router({
  list: workspaceProcedure('event:manage')
    .meta({
      rest: { method: 'GET', path: DEAD_LETTERS },
      summary: 'Events that a consumer could not take, latest first',
    })
    .input(ListDeadLettersInput)
    .output(DeadLetterPage)
    .query(({ ctx, input }) => ctx.services.deadLetters.list(ctx.scope, input)),
  retry: workspaceProcedure('event:manage')
    .meta({
      rest: { method: 'POST', path: `${DEAD_LETTERS}/{consumer}/{eventId}/retry` },
      summary: 'Take an event up again, with the later ones of its aggregate',
      errors: [DeadLetterNotFound],
    })
    .input(RetryDeadLetterInput)
    .output(RetriedDeadLetter)
    .mutation(({ ctx, input }) => ctx.services.deadLetters.retry(ctx.scope, input)),
});

export const eventRouter = t.router({ deadLetters: deadLetterRouter });
