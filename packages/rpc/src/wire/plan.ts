import { z } from 'zod';
import {
  childPath,
  escapedKey,
  isSpecialKey,
  type Notes,
  type Walk,
  walkAnything,
  walkDate,
  walkNumber,
} from './notes.ts';

/** `plain`: superjson notes nothing about any value of the schema. Null: there may be values that only superjson understands. */
export type Plan = 'plain' | Walk | null;

/** Schemas being compiled further up: one that contains itself is walked by what its values turn out to be. */
type Open = ReadonlySet<z.core.$ZodType>;

const isPlainScalar = (value: unknown): boolean =>
  value === null ||
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && walkNumber(value, '', { dates: '', seen: new Set(), count: 0 }));

/** An overwritten container can be any object, also one that stands elsewhere. */
const isOverwritten = ({ _zod }: z.core.$ZodType): boolean =>
  _zod.def.checks?.some((check) => check._zod.def.check === 'overwrite') ?? false;

const nullable = (inner: Plan): Plan =>
  typeof inner === 'function' ? (value, path, notes) => value === null || inner(value, path, notes) : inner;

/** Only an absent field is nothing; superjson notes an `undefined` that is there. */
const optional = (inner: Plan): Plan =>
  inner && ((value, path, notes) => value !== undefined && (inner === 'plain' || inner(value, path, notes)));

function array(item: Plan): Plan {
  if (typeof item !== 'function') return item;
  return (value, path, notes) => {
    if (!Array.isArray(value)) return false;
    for (let index = 0; index < value.length; index += 1) {
      if (!item(value[index], childPath(path, index), notes)) return false;
    }
    return true;
  };
}

type Field = { readonly key: string; readonly escaped: string; readonly walk: Walk };

function walkFields(fields: readonly Field[], value: unknown, path: string, notes: Notes): boolean {
  const object = value as Readonly<Record<string, unknown>>; // the schema has passed it as one
  const prefix = path === '' ? '' : `${path}.`;
  for (const { key, escaped, walk } of fields) {
    const item = object[key];
    if (item === undefined && !Object.hasOwn(object, key)) continue;
    if (!walk(item, prefix + escaped, notes)) return false;
  }
  return true;
}

function object(schema: z.ZodObject, open: Open): Plan {
  const { catchall } = schema.def;
  if (catchall && !(catchall instanceof z.ZodNever)) return null;
  const fields: Field[] = [];
  for (const [key, field] of Object.entries(schema.shape)) {
    const plan = planWithin(field, open);
    if (plan === null || isSpecialKey(key)) return null;
    if (plan !== 'plain') fields.push({ key, escaped: escapedKey(key), walk: plan });
  }
  return fields.length === 0 ? 'plain' : (value, path, notes) => walkFields(fields, value, path, notes);
}

/** Keys are data here, so that they are looked at even where the values need not be. */
const record = (value: Plan): Plan => value && walkAnything;

const allOf = (parts: readonly (z.core.$ZodType | null)[], open: Open): Plan => {
  const plans = parts.map((part) => (part ? planWithin(part, open) : 'plain'));
  if (plans.includes(null)) return null;
  return plans.every((plan) => plan === 'plain') ? 'plain' : walkAnything;
};

function planWithin(schema: z.core.$ZodType, outer: Open): Plan {
  if (outer.has(schema)) return walkAnything;
  const open = new Set(outer).add(schema);
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return 'plain';
  if (schema instanceof z.ZodBoolean || schema instanceof z.ZodNull || schema instanceof z.ZodTemplateLiteral)
    return 'plain';
  if (schema instanceof z.ZodNumber) return walkNumber;
  if (schema instanceof z.ZodDate) return walkDate;
  if (schema instanceof z.ZodEnum) return schema.options.every(isPlainScalar) ? 'plain' : null;
  if (schema instanceof z.ZodLiteral) return [...schema.values].every(isPlainScalar) ? 'plain' : null;
  if (schema instanceof z.ZodNullable) return nullable(planWithin(schema.unwrap(), open));
  if (schema instanceof z.ZodOptional) return optional(planWithin(schema.unwrap(), open));
  if (schema instanceof z.ZodReadonly) return planWithin(schema.unwrap(), open);
  if (schema instanceof z.ZodLazy) return planWithin(schema.unwrap(), open) && walkAnything;
  if (schema instanceof z.ZodUnion) return allOf(schema.options, open);
  if (isOverwritten(schema)) return null;
  if (schema instanceof z.ZodObject) return object(schema, open);
  if (schema instanceof z.ZodArray) return array(planWithin(schema.element, open));
  if (schema instanceof z.ZodTuple) return allOf([...schema.def.items, schema.def.rest], open);
  if (schema instanceof z.ZodRecord) return record(planWithin(schema.valueType, open));
  // Everything else may hold what JSON has no word for, or an object that stands in two places.
  return null;
}

/**
 * How the values of an output schema are written, found out once. Holds for what the schema has parsed: zod makes every object and
 * array of it anew, so that dates alone can stand in two places.
 */
export function planOf(schema: unknown): Plan {
  return schema instanceof z.ZodType ? planWithin(schema, new Set()) : null;
}
