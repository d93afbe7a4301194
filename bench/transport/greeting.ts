import { z } from 'zod';

/**
 * What every contender serves, checked by the same schemas on the way in and on the way out. Fields are text, so that surfaces
 * which read them from a query string convert nothing that the others do not.
 */
export const GreetInput = z.object({ name: z.string().min(1).max(64), city: z.string().max(64) });
export const Greeting = z.object({ text: z.string().max(200), length: z.int() });

export const NoteInput = z.object({
  title: z.string().min(1).max(100),
  text: z.string().max(1_000),
  tags: z.array(z.string().max(20)).max(10),
  priority: z.int().min(1).max(5),
});
export const Note = z.object({ id: z.string().max(40), title: z.string().max(100), priority: z.int() });

/** One row of a window of a grid. */
const Row = z.object({
  id: z.string().max(40),
  name: z.string().max(100),
  email: z.string().max(254),
  company: z.string().max(100).nullable(),
  score: z.number(),
  verified: z.boolean(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export const Rows = z.object({ items: z.array(Row).max(200) });

export const greet = ({ name, city }: z.infer<typeof GreetInput>): z.infer<typeof Greeting> => {
  const text = `Hello ${name} of ${city}`;
  return { text, length: text.length };
};

export const keepNote = ({ title, priority }: z.infer<typeof NoteInput>): z.infer<typeof Note> => ({
  id: 'note-1',
  title,
  priority,
});

const WINDOW = 200;
const FIRST_MS = Date.UTC(2026, 0, 1);

/** Made once: databases are no part of this. */
export const ROWS: z.infer<typeof Rows> = {
  items: Array.from({ length: WINDOW }, (_, index) => ({
    id: `row-${index}`,
    name: `Ada Lovelace ${index}`,
    email: `ada.${index}@example.com`,
    company: index % 3 === 0 ? null : `Analytical Engines ${index}`,
    score: index / 8,
    verified: index % 2 === 0,
    createdAt: new Date(FIRST_MS + index * 60_000),
    updatedAt: new Date(FIRST_MS + index * 3_600_000),
  })),
};
