import { fieldsOf, type JsonSchema } from '../json-schema.ts';
import { code } from './markdown.ts';

/** A schema in a few words: `integer`, `"missing" or "expired"`, `list of { path: string, message: string }`. */
export function schemaText(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return union.map(schemaText).join(' or ');
  if (schema.type === 'array') return `list of ${schemaText((schema.items ?? {}) as JsonSchema)}`; // zod writes one schema here
  if (schema.type === 'object' && schema.properties) {
    const fields = Object.entries(fieldsOf(schema)).map(([name, field]) => `${name}: ${schemaText(field)}`);
    return `{ ${fields.join(', ')} }`;
  }
  if (schema.format === 'date-time') return 'ISO 8601 date and time';
  return Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'any JSON');
}

/** The fields of an object as a Markdown list, one to a line. */
export const fieldList = (schema: JsonSchema): string =>
  Object.entries(fieldsOf(schema))
    .map(([name, field]) => `- ${code(name)}: ${schemaText(field)}`)
    .join('\n');
