import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EVENTS } from '@morket/contract/catalogue';
import { brokenEvents, type PublishedEvents, publishedEvents } from './event-compatibility.ts';

/** Where the published events are committed, relative to the root. */
export const PUBLISHED_EVENTS_PATH = 'docs/events.published.json';
const FILE = path.resolve(import.meta.dirname, '../../../..', PUBLISHED_EVENTS_PATH);

/** The published events as they are committed; none before the first time. */
export async function readPublishedEvents(): Promise<PublishedEvents> {
  const text = await readFile(FILE, 'utf8').catch(() => '{}');
  return JSON.parse(text) as PublishedEvents; // written by this module alone
}

export const ADVICE = `Give the event a new version beside the old one. If it was never published, take its entry out of ${PUBLISHED_EVENTS_PATH} by hand.`;

/** The published events of today. Throws when one of them breaks readers of those that are committed, which are not forgotten that way. */
export async function publishedEventsText(): Promise<string> {
  const broken = brokenEvents(await readPublishedEvents(), EVENTS);
  if (broken.length > 0) throw new Error([...broken, ADVICE].join('\n'));
  return `${JSON.stringify(publishedEvents(EVENTS), null, 2)}\n`;
}
