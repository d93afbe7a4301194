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

/** Further down nobody looks: a lazy schema may give a new one each time. */
const MAX_DEPTH = 100;

/** What is known while one schema is planned. */
type Planning = {
  /** Schemas being planned further up: one that contains itself is walked by what its values turn out to be. */
  readonly open: Set<z.core.$ZodType>;
  /** One that stands in many places is planned once: where it holds another twice, and so on down, they would be 2ⁿ. */
  readonly made: Map<z.core.$ZodType, Plan>;
};

const isScalar = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

/** Where 0 is listed, −0 passes, too. */
function listed(values: readonly unknown[]): Plan {
  if (!values.every(isScalar)) return null;
  return values.includes(0) ? walkAnything : 'plain';
}

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

function object(schema: z.ZodObject, planning: Planning): Plan {
  const { catchall } = schema.def;
  if (catchall && !(catchall instanceof z.ZodNever)) return null;
  const fields: Field[] = [];
  for (const [key, field] of Object.entries(schema.shape)) {
    const plan = planWithin(field, planning);
    if (plan === null || isSpecialKey(key)) return null;
    if (plan !== 'plain') fields.push({ key, escaped: escapedKey(key), walk: plan });
  }
  return fields.length === 0 ? 'plain' : (value, path, notes) => walkFields(fields, value, path, notes);
}

/** Keys are data here, so that they are looked at even where the values need not be. */
const record = (value: Plan): Plan => value && walkAnything;

const allOf = (parts: readonly (z.core.$ZodType | null)[], planning: Planning): Plan => {
  let whole: Plan = 'plain';
  for (const part of parts) {
    const plan = part ? planWithin(part, planning) : 'plain';
    // At once: all the others might be new, and hold new ones in their turn.
    if (plan === null) return null;
    if (plan !== 'plain') whole = walkAnything;
  }
  return whole;
};

function planWithin(schema: z.core.$ZodType, planning: Planning): Plan {
  const { open, made } = planning;
  const known = made.get(schema);
  if (known !== undefined) return known;
  if (open.has(schema)) return walkAnything;
  if (open.size >= MAX_DEPTH) return null;
  open.add(schema);
  const plan = planOne(schema, planning);
  open.delete(schema);
  made.set(schema, plan);
  return plan;
}

function planOne(schema: z.core.$ZodType, planning: Planning): Plan {
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return 'plain';
  if (schema instanceof z.ZodBoolean || schema instanceof z.ZodNull || schema instanceof z.ZodTemplateLiteral)
    return 'plain';
  if (schema instanceof z.ZodNumber) return walkNumber;
  if (schema instanceof z.ZodDate) return walkDate;
  if (schema instanceof z.ZodEnum) return listed(schema.options);
  if (schema instanceof z.ZodLiteral) return listed([...schema.values]);
  if (isOverwritten(schema)) return null;
  if (schema instanceof z.ZodNullable) return nullable(planWithin(schema.unwrap(), planning));
  if (schema instanceof z.ZodOptional) return optional(planWithin(schema.unwrap(), planning));
  if (schema instanceof z.ZodReadonly) return planWithin(schema.unwrap(), planning);
  if (schema instanceof z.ZodLazy) return planWithin(schema.unwrap(), planning) && walkAnything;
  if (schema instanceof z.ZodUnion) return allOf(schema.options, planning);
  if (schema instanceof z.ZodObject) return object(schema, planning);
  if (schema instanceof z.ZodArray) return array(planWithin(schema.element, planning));
  if (schema instanceof z.ZodTuple) return allOf([...schema.def.items, schema.def.rest], planning);
  if (schema instanceof z.ZodRecord) return record(planWithin(schema.valueType, planning));
  // Everything else may hold what JSON has no word for, or an object that stands in two places.
  return null;
}

/**
 * How the values of an output schema are written, found out once. Holds for what the schema has parsed: zod makes every object and
 * array of it anew, so that dates alone can stand in two places. What a `.check` or `superRefine` assigns to a value is not seen: a schema
 * that declares an output must not change it there.
 */
export function planOf(schema: unknown): Plan {
  return schema instanceof z.ZodType ? planWithin(schema, { open: new Set(), made: new Map() }) : null;
}
