import * as apiKey from '../api-key/api-key.events.ts';
import * as auth from '../auth/auth.events.ts';
import * as billing from '../billing/billing.events.ts';
import * as credential from '../credential/credential.events.ts';
import * as deadLetter from '../events/dead-letter.events.ts';
import type { EventDefinition } from '../events/index.ts';
import * as form from '../form/form.events.ts';
import * as job from '../job/job.events.ts';
import * as plan from '../plan/plan.events.ts';
import * as webhook from '../webhook/webhook.events.ts';
import * as workspace from '../workspace/workspace.events.ts';

const isEvent = (value: unknown): value is EventDefinition => typeof value === 'function' && 'eventName' in value;

/** What a domain exports beside its events, such as the schema of a reason, stays out. */
const eventsIn = <Module extends object>(module: Module) =>
  Object.values(module).filter(isEvent) as Extract<Module[keyof Module], EventDefinition>[]; // those that pass are of this type

/** Every event there is, by domain: the source of the event reference, the AsyncAPI document, and what webhooks can ask for. */
export const EVENTS = [
  ...eventsIn(auth),
  ...eventsIn(workspace),
  ...eventsIn(apiKey),
  ...eventsIn(credential),
  ...eventsIn(billing),
  ...eventsIn(job),
  ...eventsIn(form),
  ...eventsIn(plan),
  ...eventsIn(webhook),
  ...eventsIn(deadLetter),
] as const;

export type EventName = (typeof EVENTS)[number]['eventName'];

const NAMES: ReadonlySet<string> = new Set(EVENTS.map(({ eventName }) => eventName));

/** Whether there is an event of this name. */
export const isEventName = (name: string): name is EventName => NAMES.has(name);
