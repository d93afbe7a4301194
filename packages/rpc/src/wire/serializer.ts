import superjson from 'superjson';
import { createNotes } from './notes.ts';
import { planOf } from './plan.ts';

/** Writes a value as the JSON text of what superjson makes of it. */
export type WireSerializer = (value: unknown) => string;

const writeAnything: WireSerializer = (value) => JSON.stringify(superjson.serialize(value));

/** The root's path is empty, and superjson notes a date there without an object around it. */
const ROOT_DATE = '"":["Date"],';

/**
 * The serializer for what an output schema has parsed: superjson's text to the letter, without its copy of the value wherever the
 * schema tells what superjson would note. Where it does not, or a value is unusual, superjson does the work.
 */
export function wireSerializer(output: unknown): WireSerializer {
  const plan = planOf(output);
  if (plan === null) return writeAnything;
  if (plan === 'plain') return (value) => `{"json":${JSON.stringify(value)}}`;
  return (value) => {
    const notes = createNotes();
    if (!plan(value, '', notes) || notes.seen.size !== notes.count) return writeAnything(value);
    const json = JSON.stringify(value);
    if (notes.count === 0) return `{"json":${json}}`;
    const values = notes.dates === ROOT_DATE ? '["Date"]' : `{${notes.dates.slice(0, -1)}}`;
    return `{"json":${json},"meta":{"values":${values},"v":1}}`;
  };
}
