import { z } from 'zod';
import { defineError } from '../errors/index.ts';

export const TooManyStreams = defineError('realtime.too_many_streams', {
  kind: 'rateLimited',
  details: z.object({
    maxStreams: z.int().meta({ examples: [20] }),
    retryAfterSeconds: z.int().meta({ examples: [15] }),
  }),
  message: ({ maxStreams }) => `At most ${maxStreams} streams may be open at once.`,
  remedy: 'Close streams that nobody reads, and share one among the views of a page.',
});
