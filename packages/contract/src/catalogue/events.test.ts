import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { EVENTS, type EventName, isEventName } from './events.ts';

const keyOf = ({ eventName, version }: { readonly eventName: string; readonly version: number }) =>
  `${eventName} ${version}`;

test('every event that the contract exports is in the catalogue', async () => {
  const source = path.resolve(import.meta.dirname, '..');
  const files = (await readdir(source, { recursive: true })).filter((file) => /(?<!test)\.ts$/.test(file));
  const modules = await Promise.all(files.map((file) => import(path.join(source, file)) as Promise<object>));
  const values = modules.flatMap((module) => Object.values(module));
  const exported = [...new Set(values.filter((value) => typeof value === 'function' && 'eventName' in value))];
  expect(files.length).toBeGreaterThan(20);
  expect(exported.length).toBeGreaterThanOrEqual(EVENTS.length);
  const known = new Set<unknown>(EVENTS);
  expect(exported.filter((definition) => !known.has(definition)).map(keyOf)).toEqual([]);
});

test('every event is there once, under a name that reads domain.what_happened', () => {
  const keys = EVENTS.map(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
  for (const { eventName, aggregateType, version } of EVENTS) {
    expect(eventName).toMatch(/^[a-z]+(?:_[a-z]+)*(?:\.[a-z]+(?:_[a-z]+)*)+$/);
    expect(aggregateType).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(version).toBeGreaterThanOrEqual(1);
  }
});

test('an event belongs to one kind of aggregate, whatever its version', () => {
  const typesOf = Map.groupBy(EVENTS, ({ eventName }) => eventName as string);
  for (const [name, definitions] of typesOf) {
    expect(new Set(definitions.map(({ aggregateType }) => aggregateType)).size, name).toBe(1);
  }
});

test.each(EVENTS.map((definition) => [keyOf(definition), definition] as const))('%s says what it is', (_, event) => {
  expect(event.summary).toMatch(/^[A-Z].{10,200}\.$/);
  // What parsing would leave out is no part of the payload, and an example that is none of it teaches a wrong thing.
  expect(event.payload.strict().parse(event.example)).toEqual(event.example);
});

/** Words that name a secret, and what may stand for one without giving it away. */
const SECRET_WORDS = new Set([
  'password',
  'secret',
  'token',
  'hash',
  'salt',
  'cookie',
  'authorization',
  'signature',
  'otp',
  'key',
]);
const HARMLESS = /^(?:masked|public)Key$|(?:Id|Ids|Name|Prefix|Version|LastFour|Last4|Until|At)$/;

const wordsOf = (field: string) => field.split(/(?=[A-Z])|_/).map((word) => word.toLowerCase());
const isSecretName = (field: string) => !HARMLESS.test(field) && wordsOf(field).some((word) => SECRET_WORDS.has(word));

/** Values that are secrets whatever they are called: JWTs, our own tokens and keys, signing secrets, provider keys, password hashes. */
const SECRET_VALUE = /eyJ[\w-]{8,}\.|\bv1\.[\w-]{40,}|\b(?:sk|pk|hk|hs|rk|mk|whsec)[-_][\w+/=-]{8,}|\$2[aby]\$\d\d\$/;

/** Every field at any depth that may carry text under the name of a secret. */
function secretFields(schema: z.ZodType, at = ''): string[] {
  const found: string[] = [];
  const visit = (json: z.core.JSONSchema.BaseSchema, place: string): void => {
    for (const [field, property] of Object.entries(json.properties ?? {})) {
      if (typeof property === 'boolean') continue;
      const carriesText = !['boolean', 'integer', 'number'].includes(String(property.type));
      if (isSecretName(field) && carriesText) found.push(`${place}${field}`);
      visit(property, `${place}${field}.`);
    }
    const inner = [json.items, json.additionalProperties, ...(json.anyOf ?? []), ...(json.oneOf ?? [])];
    for (const part of inner.flat()) if (typeof part === 'object') visit(part, place);
  };
  visit(z.toJSONSchema(schema, { unrepresentable: 'any' }), at);
  return found;
}

test('no payload has a place for a secret: webhooks, streams and logs of receivers show all of it', () => {
  for (const definition of EVENTS) {
    expect(secretFields(definition.payload), keyOf(definition)).toEqual([]);
    expect(JSON.stringify(definition.example), keyOf(definition)).not.toMatch(SECRET_VALUE);
  }
});

test('a place for a secret would be found', () => {
  const leaking = z.object({
    ...{ accessToken: z.string(), deep: z.array(z.object({ signingSecret: z.string().nullable() })) },
    ...{ maskedKey: z.string(), apiKeyId: z.string(), keyVersion: z.int(), hasSecret: z.boolean(), key: z.string() },
  });
  expect(secretFields(leaking)).toEqual(['accessToken', 'deep.signingSecret', 'key']);
  expect('"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"').toMatch(SECRET_VALUE);
});

test('a name is told from other text', () => {
  const name: EventName = 'billing.debited';
  expect(isEventName(name)).toBe(true);
  expect(isEventName('billing.debitet')).toBe(false);
});
