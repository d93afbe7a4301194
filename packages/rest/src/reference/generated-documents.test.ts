import { PlanType } from '@morket/contract/billing';
import { ERRORS, EVENTS } from '@morket/contract/catalogue';
import { can, PERMISSIONS, type Permission, Role } from '@morket/contract/permissions';
import { FEATURES, planHas } from '@morket/contract/plan';
import { procedures } from '@morket/rpc';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { jsonSchemaOf } from '../json-schema.ts';
import { answeredBy } from './answered-by.ts';
import { errorReference } from './error-reference.ts';
import { eventReference } from './event-reference.ts';
import { generatedDocuments } from './generated-documents.ts';
import { table } from './markdown.ts';
import { permissionReference } from './permission-reference.ts';
import { planReference } from './plan-reference.ts';
import { schemaText } from './schema-text.ts';

test('the pages are made alike each time, and end in a line break', async () => {
  const documents = await generatedDocuments();
  expect(documents.map(({ path }) => path)).toEqual([
    ...['docs/errors.md', 'docs/permissions.md', 'docs/plans.md', 'docs/events.md', 'docs/asyncapi.json'],
    'docs/events.published.json',
  ]);
  expect(await generatedDocuments()).toEqual(documents);
  for (const { text } of documents) expect(text).toMatch(/[^\n]\n$/);
});

test('every code of the catalogue has a section with its remedy', () => {
  const page = errorReference();
  for (const { code, remedy } of ERRORS) {
    const section = page.split('\n### ').find((text) => text.startsWith(`\`${code}\`\n`));
    expect(section, code).toContain(remedy);
  }
});

test('every event of the catalogue has a section with what it tells and an example', () => {
  const page = eventReference();
  for (const { eventName, summary, example } of EVENTS) {
    const section = page.split('\n### ').find((text) => text.startsWith(`\`${eventName}\`\n`));
    expect(section, eventName).toContain(summary);
    const shown = Object.keys(example).length > 0 ? JSON.stringify(example, null, 2) : 'Payload: empty.';
    expect(section, eventName).toContain(shown);
  }
});

test('a section names the details and who answers it', () => {
  const section = errorReference()
    .split('\n### ')
    .find((text) => text.startsWith('`billing.insufficient_credits`'));
  expect(section).toContain('**402**');
  expect(section).toContain('- `required`: integer');
  expect(section).toContain('Answered by: `billing.debit`, `billing.holds.create`.');
});

test('groups of procedures are named as such, others one by one', () => {
  const all = procedures();
  expect(answeredBy('server.internal', all)).toBe('every procedure');
  expect(answeredBy('access.unauthenticated', all)).toBe('every procedure that needs an access token');
  expect(answeredBy('access.forbidden', all)).toBe('every procedure of a workspace, `auth.setActiveWorkspace`');
  expect(answeredBy('request.not_found', all)).toBeNull();
});

test('the permission table is the matrix', () => {
  const page = permissionReference();
  for (const permission of Object.keys(PERMISSIONS) as Permission[]) {
    const cells = Role.options.map((role) => (can(role, permission) ? 'yes' : '–'));
    expect(page).toContain(`| \`${permission}\` | ${cells.join(' | ')} |`);
  }
});

test('every procedure says what it asks for', () => {
  const page = permissionReference();
  for (const { path } of procedures()) expect(page).toContain(`| \`${path}\` |`);
  expect(page).toContain('| `billing.debit` | `POST /workspaces/{workspaceId}/billing/debits` | `billing:spend` |');
});

test('a plan is told with what it includes and allows, and each procedure with what it asks of one', () => {
  const page = planReference();
  for (const feature of FEATURES) {
    const cells = PlanType.options.map((plan) => (planHas(plan, feature) ? 'yes' : '–'));
    expect(page).toContain(`| \`${feature}\` | ${cells.join(' | ')} |`);
  }
  expect(page).toContain('| `members` | members and open invitations | 25 | 250 | any number |');
  expect(page).toContain('| `audit.export` | `audit.export` | – |');
  expect(page).toContain('| `form.create` | `forms` | `forms` |');
  expect(permissionReference()).toContain(
    '| `audit:export`. Needs a plan that includes `audit.export`: pro, enterprise. |',
  );
  expect(permissionReference()).toContain('| `member:manage`. Counts against the limit `members` of the plan. |');
});

test('a bar in a cell does not end it', () => {
  expect(table(['a'], [['b | c']])).toBe('| a |\n| --- |\n| b \\| c |');
});

test.each([
  [z.int(), 'integer'],
  [z.enum(['a', 'b']), '"a" or "b"'],
  [z.literal('ok'), '"ok"'],
  [z.int().nullable(), 'integer or null'],
  [z.iso.datetime(), 'ISO 8601 date and time'],
  [z.array(z.object({ path: z.string() })), 'list of { path: string }'],
])('a schema in words: %#', (schema, text) => {
  expect(schemaText(jsonSchemaOf(schema, 'output'))).toBe(text);
});
