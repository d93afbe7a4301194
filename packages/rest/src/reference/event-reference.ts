import { EVENTS } from '@morket/contract/catalogue';
import { cloudEventType, type EventDefinition } from '@morket/contract/events';
import { exampleCloudEvent } from '../asyncapi/example-cloud-event.ts';
import { fieldsOf, jsonSchemaOf } from '../json-schema.ts';
import { code, generatedFrom, table } from './markdown.ts';
import { fieldList } from './schema-text.ts';

const INTRODUCTION = `
Every change of state is told by an event, written in the transaction of the change: an event that is told has happened, and what has
happened is told. Events of one aggregate are delivered in their order, each at least once; its \`id\` is the same each time. Webhooks,
realtime streams, consumers and Kafka all feed on them.

Payloads only ever gain fields, and lists of values may grow: read what you know and pass over the rest. A payload that breaks its
readers gets a new version and with it another type, such as \`billing.debited.v2\`. No payload carries a secret.

The shape is that of [CloudEvents 1.0](https://cloudevents.io). \`GET /api/v1/asyncapi.json\` describes the same for machines
([AsyncAPI 3.0](asyncapi.json)). A whole event looks like this:
`.trim();

const asJson = (value: unknown): string => ['```json', JSON.stringify(value, null, 2), '```'].join('\n');

const typeOf = ({ eventName, version }: EventDefinition): string => cloudEventType({ name: eventName, version });
const domainOf = ({ eventName }: EventDefinition): string => eventName.split('.')[0] ?? '';

function section(definition: EventDefinition): string {
  const payload = jsonSchemaOf(definition.payload, 'output');
  const hasFields = Object.keys(fieldsOf(payload)).length > 0;
  return [
    `### ${code(typeOf(definition))}`,
    definition.summary,
    `Version ${definition.version}, of ${code(definition.aggregateType)}.`,
    ...(hasFields ? [`Payload:\n\n${fieldList(payload)}`, asJson(definition.example)] : ['Payload: empty.']),
  ].join('\n\n');
}

function wholeExample(): string {
  const shown = EVENTS.find(({ eventName }) => eventName === 'billing.debited') ?? EVENTS[0];
  if (!shown) throw new Error('A catalogue without events has no example.');
  return asJson(exampleCloudEvent(shown));
}

/** docs/events.md: every event of the catalogue with its version, what it happens to, its payload and an example. */
export function eventReference(): string {
  const overview = table(
    ['Event', 'Version', 'Happens to', 'Tells'],
    EVENTS.map((one: EventDefinition) => [
      ...[code(typeOf(one)), String(one.version), code(one.aggregateType), one.summary],
    ]),
  );
  const byDomain = Map.groupBy<string, EventDefinition>(EVENTS, domainOf);
  const domains = [...byDomain].flatMap(([domain, definitions]) => [`## ${domain}`, ...definitions.map(section)]);
  const head = [generatedFrom('the event catalogue'), '# Events', INTRODUCTION, wholeExample(), overview];
  return `${[...head, ...domains].join('\n\n')}\n`;
}
