import { EVENTS } from '@morket/contract/catalogue';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { asyncApiDocument } from './document.ts';

const document = asyncApiDocument({ version: '1.2.3' });
/** As a reader gets it. */
const sent: unknown = JSON.parse(JSON.stringify(document));

const NAME = /^[\w.-]+$/;
const named = <Value extends z.ZodType>(value: Value) => z.record(z.string().regex(NAME), value);
const Ref = z.strictObject({ $ref: z.string().startsWith('#/') });
const Schema = z.looseObject({ type: z.string() });

/** The objects of AsyncAPI 3.0.0 that the document uses, closed where the specification closes them. */
const AsyncApi = z.strictObject({
  asyncapi: z.literal('3.0.0'),
  info: z.strictObject({
    ...{ title: z.string().min(1), version: z.string().min(1), description: z.string() },
    license: z.strictObject({ name: z.string() }),
  }),
  defaultContentType: z.string(),
  channels: named(
    z.strictObject({
      ...{ address: z.string(), title: z.string(), description: z.string() },
      parameters: named(z.strictObject({ description: z.string(), default: z.string() })),
      messages: named(Ref),
    }),
  ),
  operations: named(
    z.strictObject({
      ...{ action: z.enum(['send', 'receive']), channel: Ref, summary: z.string() },
      messages: z.array(Ref).min(1),
    }),
  ),
  components: z.strictObject({
    messages: named(
      z.strictObject({
        ...{ name: z.string(), title: z.string(), summary: z.string(), contentType: z.string() },
        ...{
          headers: z.strictObject({ allOf: z.array(z.looseObject({})) }),
          payload: Ref,
          bindings: z.strictObject({ kafka: z.looseObject({ bindingVersion: z.enum(['0.3.0', '0.4.0']) }) }),
        },
        examples: z.array(
          z.strictObject({ name: z.string(), headers: z.record(z.string(), z.string()), payload: z.looseObject({}) }),
        ),
      }),
    ),
    schemas: named(Schema),
  }),
});

const at = (pointer: string): unknown =>
  pointer
    .slice(2)
    .split('/')
    .reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], sent); // an object or nothing

test('the document has the structure of AsyncAPI 3.0', () => {
  expect(AsyncApi.safeParse(sent).error?.issues ?? []).toEqual([]);
});

test('schemas keep to JSON Schema draft 7, which AsyncAPI reads unless told otherwise', () => {
  expect(JSON.stringify(sent)).not.toMatch(
    /"(?:prefixItems|\$defs|\$dynamicRef|unevaluatedProperties|dependentSchemas)":/,
  );
});

test('a message is told from the others of its channel by its type', () => {
  for (const [type, { headers }] of Object.entries(document.components.messages)) {
    expect(headers.allOf[1]).toEqual({ type: 'object', properties: { ce_type: { const: type } } });
  }
});

test('every reference leads somewhere', () => {
  const pointers = [...JSON.stringify(sent).matchAll(/"\$ref":"([^"]+)"/g)].map(([, pointer = '']) => pointer);
  expect(pointers.length).toBeGreaterThan(EVENTS.length * 4);
  expect(pointers.filter((pointer) => at(pointer) === undefined)).toEqual([]);
});

test('parameters are those of the address', () => {
  for (const { address, parameters } of Object.values(document.channels)) {
    const inAddress = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(parameters)).toEqual(inAddress);
  }
});

test('an operation sends messages of its own channel alone, and each channel has one', () => {
  const operations = Object.values(document.operations);
  for (const { channel, messages } of operations) {
    for (const { $ref } of messages) expect($ref.startsWith(`${channel.$ref}/messages/`)).toBe(true);
  }
  expect(operations.map(({ channel }) => channel.$ref)).toEqual(
    Object.keys(document.channels).map((name) => `#/channels/${name}`),
  );
});

test('every event of the catalogue is a message of the channel of its aggregate, with its payload and an example', () => {
  for (const { eventName, aggregateType, payload, example } of EVENTS) {
    expect(document.channels[aggregateType]?.messages[eventName], eventName).toBeDefined();
    const message = document.components.messages[eventName];
    expect(message?.examples[0]?.payload).toEqual(example);
    const schema = document.components.schemas[eventName];
    expect(Object.keys(schema?.properties ?? {})).toEqual(Object.keys(payload.shape));
  }
});

test('headers carry the attributes of CloudEvents, but not the data', () => {
  const headers = document.components.schemas.CloudEventHeaders;
  expect(headers?.required).toEqual(expect.arrayContaining(['ce_id', 'ce_type', 'ce_source', 'ce_specversion']));
  expect(Object.keys(headers?.properties ?? {})).toContain('content-type');
  expect(Object.keys(headers?.properties ?? {})).not.toContain('ce_data');
  const [message] = Object.values(document.components.messages);
  for (const required of headers?.required ?? []) expect(message?.examples[0]?.headers).toHaveProperty([required]);
});
