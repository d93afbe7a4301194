import { isTrackedEnvelope, type TrackedEnvelope, tracked } from '@trpc/server';
import { z } from 'zod';
import { domainErrorOf, toTrpcError } from './errors.ts';

const messages = new WeakMap<z.ZodType, z.ZodType>();

const isIterable = (value: unknown): value is AsyncIterable<TrackedEnvelope<unknown>> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/** The output of a subscription: each message is checked as it goes out, so a field nobody declared is never sent. */
export function streamOf<Message extends z.ZodType>(message: Message) {
  async function* checked(source: AsyncIterable<TrackedEnvelope<unknown>>) {
    for await (const envelope of source) {
      if (!isTrackedEnvelope(envelope)) throw new Error('A message of a stream is told together with its id.');
      const [id, data] = envelope;
      yield tracked(id, message.parse(data));
    }
  }
  const schema = z.custom<AsyncIterable<TrackedEnvelope<z.input<Message>>>>(isIterable).transform(checked);
  messages.set(schema, message);
  return schema;
}

/** What each message of a stream is, for the output of a subscription; undefined for any other. */
export const messageOf = (output: z.ZodType): z.ZodType | undefined => messages.get(output);

/** Gives what a service tells to tRPC, which sends each message with its id and asks for what comes after it when it reconnects. */
export async function* trackedStream<Message>(
  source: AsyncIterable<{ readonly id: string; readonly message: Message }>,
) {
  try {
    for await (const { id, message } of source) yield tracked(id, message);
  } catch (err) {
    // It comes too late for the middleware that maps failures.
    throw toTrpcError(domainErrorOf(err));
  }
}
