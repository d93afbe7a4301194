import { z } from 'zod';
import { defineEvent } from './define-event.ts';

export const DeadLetterRetried = defineEvent('events.dead_letter_retried', {
  version: 1,
  aggregateType: 'dead_letter',
  payload: z.object({ consumer: z.string(), event: z.string(), events: z.int() }),
  summary: 'Somebody had an event taken up again that a consumer had given up, with the later ones of its aggregate.',
  example: { consumer: 'notifications', event: 'billing.debited', events: 3 },
});
