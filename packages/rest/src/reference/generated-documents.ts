import manifest from '../../package.json' with { type: 'json' };
import { asyncApiDocument } from '../asyncapi/document.ts';
import { errorReference } from './error-reference.ts';
import { eventReference } from './event-reference.ts';
import { permissionReference } from './permission-reference.ts';
import { planReference } from './plan-reference.ts';
import { PUBLISHED_EVENTS_PATH, publishedEventsText } from './published-events.ts';

/** The pages this package makes from the contract and the router; paths are relative to the repository root. */
export async function generatedDocuments(): Promise<{ path: string; text: string }[]> {
  const asyncApi = asyncApiDocument({ version: manifest.version });
  return [
    { path: 'docs/errors.md', text: errorReference() },
    { path: 'docs/permissions.md', text: permissionReference() },
    { path: 'docs/plans.md', text: planReference() },
    { path: 'docs/events.md', text: eventReference() },
    { path: 'docs/asyncapi.json', text: `${JSON.stringify(asyncApi, null, 2)}\n` },
    { path: PUBLISHED_EVENTS_PATH, text: await publishedEventsText() },
  ];
}
