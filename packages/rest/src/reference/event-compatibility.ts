import type { EventDefinition } from '@morket/contract/events';
import { type JsonSchema, jsonSchemaOf } from '../json-schema.ts';

/** One published event as its readers know it. */
export type PublishedEvent = { readonly aggregateType: string; readonly payload: JsonSchema };

/** Every version of every event that was ever published, by `<name>@<version>`. */
export type PublishedEvents = Readonly<Record<string, PublishedEvent>>;

const keyOf = ({ eventName, version }: EventDefinition): string => `${eventName}@${version}`;

/** The catalogue in the form that is committed and compared. */
export const publishedEvents = (definitions: readonly EventDefinition[]): PublishedEvents =>
  Object.fromEntries(
    definitions.map((one) => [keyOf(one), published(one)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

const published = ({ aggregateType, payload }: EventDefinition): PublishedEvent => ({
  aggregateType,
  // As it is read back from the file.
  payload: JSON.parse(JSON.stringify(jsonSchemaOf(payload, 'output'))) as JsonSchema,
});

const isSchema = (part: unknown): part is JsonSchema =>
  typeof part === 'object' && part !== null && !Array.isArray(part);
const propertiesOf = ({ properties = {} }: JsonSchema) => properties as Readonly<Record<string, JsonSchema>>; // zod writes no boolean ones

/** The shapes a value may have: the branches of a union, the types of a list of them, or the schema itself. */
function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return union.flatMap(branchesOf);
  const { type } = schema;
  return Array.isArray(type) ? type.map((one) => ({ ...schema, type: one })) : [schema];
}

/** What a reader sees of a value at first; the size of a number is none of it. */
function kindOf({ type, format, const: only, enum: values }: JsonSchema): string {
  if (only !== undefined) return JSON.stringify(only);
  if (values) return 'one of a list';
  return type === 'string' && format ? `string (${format})` : String(type ?? 'any JSON');
}

function objectBreaks(before: JsonSchema, after: JsonSchema, at: string): string[] {
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  const stillRequired = new Set(after.required);
  return Object.entries(old).flatMap(([field, schema]) => {
    const place = at === '' ? field : `${at}.${field}`;
    const current = now[field];
    if (!current) return [`${place} was removed`];
    const optional =
      before.required?.includes(field) && !stillRequired.has(field) ? [`${place} may be missing now`] : [];
    return [...optional, ...breaks(schema, current, place)];
  });
}

/** A text that is any text was read as such; that it now has a form is no news to its readers. */
const isSameKind = (before: JsonSchema, after: JsonSchema): boolean =>
  kindOf(before) === kindOf(after) || (kindOf(before) === 'string' && after.type === 'string');

function valueBreaks(before: JsonSchema, after: JsonSchema, at: string): string[] {
  if (!isSameKind(before, after)) return [`${at} was ${kindOf(before)} and is ${kindOf(after)}`];
  const gone = before.enum?.filter((value) => !after.enum?.includes(value)) ?? [];
  if (gone.length > 0) return [`${at} lost ${gone.map((value) => JSON.stringify(value)).join(', ')}`];
  if (before.type === 'object') {
    const [old, now] = [before.additionalProperties, after.additionalProperties];
    const values = isSchema(old) && isSchema(now) ? breaks(old, now, `${at}.*`) : [];
    return [...objectBreaks(before, after, at), ...values];
  }
  if (isSchema(before.items) && isSchema(after.items)) return breaks(before.items, after.items, `${at}[]`);
  return [];
}

/** What a reader of `before` trips over in `after`. A shape that a union gains is such a thing; one that it loses is none. */
function breaks(before: JsonSchema, after: JsonSchema, at: string): string[] {
  const [known, now] = [branchesOf(before), branchesOf(after)];
  return now.flatMap((branch) => {
    const found = known.map((one) => valueBreaks(one, branch, at));
    if (found.some((list) => list.length === 0)) return [];
    const alike = known.findIndex((one) => one.type === branch.type);
    if (alike >= 0) return found[alike] ?? [];
    return known.length === 1 && now.length === 1 ? found.flat() : [`${at} may be ${kindOf(branch)} now`];
  });
}

/** What breaks the readers of events that were published, one line each; a new version of the event makes room for any change. */
export function brokenEvents(before: PublishedEvents, definitions: readonly EventDefinition[]): string[] {
  const after = publishedEvents(definitions);
  const newest = Map.groupBy(definitions, ({ eventName }) => eventName);
  return Object.entries(before).flatMap(([key, old]) => {
    const [name = '', version = ''] = key.split('@');
    const now = after[key];
    const isSucceeded = newest.get(name)?.some((one) => one.version > Number(version)) ?? false;
    if (!now) return isSucceeded ? [] : [`${name}: version ${version} is gone, and its readers wait for it`];
    const moved =
      old.aggregateType === now.aggregateType
        ? []
        : [`it happened to a ${old.aggregateType} and now happens to a ${now.aggregateType}`];
    const found = [...moved, ...objectBreaks(old.payload, now.payload, '')];
    return found.map((what) => `${name}: ${what}, which breaks readers of version ${version}`);
  });
}
