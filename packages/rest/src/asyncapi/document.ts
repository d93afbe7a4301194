import { EVENTS } from '@morket/contract/catalogue';
import { CloudEvent, cloudEventType, type EventDefinition } from '@morket/contract/events';
import { fieldsOf, type JsonSchema, jsonSchemaOf } from '../json-schema.ts';
import { exampleCloudEvent } from './example-cloud-event.ts';

type Ref = { readonly $ref: string };

type Channel = {
  readonly address: string;
  readonly title: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly messages: Readonly<Record<string, Ref>>;
};

type Message = {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly contentType: 'application/json';
  readonly headers: { readonly allOf: readonly (Ref | JsonSchema)[] };
  readonly payload: Ref;
  readonly bindings: { readonly kafka: { readonly key: JsonSchema; readonly bindingVersion: '0.4.0' } };
  readonly examples: readonly {
    readonly name: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly payload: Readonly<Record<string, unknown>>;
  }[];
};

export type AsyncApiDocument = {
  readonly asyncapi: '3.0.0';
  readonly info: Readonly<Record<string, unknown>>;
  readonly defaultContentType: 'application/json';
  readonly channels: Readonly<Record<string, Channel>>;
  readonly operations: Readonly<
    Record<
      string,
      { readonly action: 'send'; readonly channel: Ref; readonly summary: string; readonly messages: readonly Ref[] }
    >
  >;
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
};

const DESCRIPTION = `
What happens in Morket, as messages. Each kind of aggregate has a channel; the key of a message is the id of its aggregate, and messages
with one key keep their order. Delivery is at least once: \`ce_id\` tells a repetition. Payloads only ever gain fields; a payload that
breaks its readers is another type, such as \`billing.debited.v2\`.

On Kafka a message is a CloudEvent in binary mode: its attributes are headers, its data is the value. Webhooks carry the same payloads
under \`data\`, see the OpenAPI document.
`.trim();

const HEADERS = 'CloudEventHeaders';
const KEY: JsonSchema = { type: 'string', description: 'The id of the aggregate.' };

/** Attributes of CloudEvents as headers of Kafka: `ce_` before each, and the content type under its own name. */
const headerOf = (attribute: string): string => (attribute === 'datacontenttype' ? 'content-type' : `ce_${attribute}`);

function headersSchema(): JsonSchema {
  const { properties: _, required = [], ...envelope } = jsonSchemaOf(CloudEvent, 'output');
  const attributes = Object.entries(fieldsOf(jsonSchemaOf(CloudEvent, 'output'))).filter(([name]) => name !== 'data');
  return {
    ...envelope,
    properties: Object.fromEntries(attributes.map(([name, schema]) => [headerOf(name), schema])),
    required: required.filter((name) => name !== 'data').map(headerOf),
  };
}

const typeOf = ({ eventName, version }: EventDefinition): string => cloudEventType({ name: eventName, version });
const schemaRef = (name: string): Ref => ({ $ref: `#/components/schemas/${name}` });

/** By it a message is one of its channel and no other: payloads may look alike. */
const typeHeader = (type: string): JsonSchema => ({ type: 'object', properties: { ce_type: { const: type } } });

function messageOf(definition: EventDefinition): Message {
  const { data, ...attributes } = exampleCloudEvent(definition);
  const headers = Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [[headerOf(name), value]])),
  );
  return {
    name: typeOf(definition),
    title: typeOf(definition),
    summary: definition.summary,
    contentType: 'application/json',
    headers: { allOf: [schemaRef(HEADERS), typeHeader(typeOf(definition))] },
    payload: schemaRef(typeOf(definition)),
    bindings: { kafka: { key: KEY, bindingVersion: '0.4.0' } },
    examples: [{ name: 'example', headers, payload: data }],
  };
}

function channelOf(aggregateType: string, definitions: readonly EventDefinition[]): Channel {
  return {
    address: `{prefix}.${aggregateType}`,
    title: aggregateType,
    description: `What happens to a ${aggregateType.replaceAll('_', ' ')}.`,
    parameters: { prefix: { description: 'What `KAFKA_TOPIC_PREFIX` says.', default: 'morket' } },
    messages: Object.fromEntries(
      definitions.map((one) => [typeOf(one), { $ref: `#/components/messages/${typeOf(one)}` }] as const),
    ),
  };
}

/** The AsyncAPI 3.0 document of every event, made from the catalogue. Throws for a payload that no JSON can carry. */
export function asyncApiDocument({ version }: { readonly version: string }): AsyncApiDocument {
  const byAggregate = [...Map.groupBy<string, EventDefinition>(EVENTS, ({ aggregateType }) => aggregateType)];
  return {
    asyncapi: '3.0.0',
    info: { title: 'Morket events', version, description: DESCRIPTION, license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(byAggregate.map(([type, events]) => [type, channelOf(type, events)])),
    operations: Object.fromEntries(
      byAggregate.map(([type, events]) => {
        const channel = `#/channels/${type}`;
        const messages = events.map((one) => ({ $ref: `${channel}/messages/${typeOf(one)}` }));
        const summary = `Tells what happens to a ${type.replaceAll('_', ' ')}.`;
        return [`tell.${type}`, { action: 'send', channel: { $ref: channel }, summary, messages }];
      }),
    ),
    components: {
      messages: Object.fromEntries(EVENTS.map((one) => [typeOf(one), messageOf(one)])),
      schemas: {
        [HEADERS]: headersSchema(),
        ...Object.fromEntries(EVENTS.map((one) => [typeOf(one), jsonSchemaOf(one.payload, 'output')])),
      },
    },
  };
}
