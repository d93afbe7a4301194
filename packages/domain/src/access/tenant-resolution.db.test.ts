import { DomainError } from '@morket/contract/errors';
import { anOrigin, aPerson, aTenant, type Person, type Tenant, useWorld } from '@morket/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TenantSources } from './tenant.model.ts';

const world = useWorld();
let [one, two, foreign]: Tenant[] = [];
let person: Person;
beforeAll(async () => {
  person = await aPerson(world);
  one = await aTenant(world, { owner: person });
  two = await aTenant(world, { owner: person });
  foreign = await aTenant(world);
});
beforeEach(() => world.services.workspaces.setActive(person.scope, { workspaceId: null }));

/** The workspace that the sources lead to, or the code of the refusal. */
async function resolve(sources: Partial<TenantSources>): Promise<string> {
  const { access } = world.services;
  const claims = await access.identify(person.accessToken);
  const given = { input: undefined, headers: [], subdomain: undefined, ...sources };
  return access.workspaceScope(claims, anOrigin(), { sources: given, permission: 'workspace:read' }).then(
    (scope) => scope.workspaceId,
    (err: unknown) => (err instanceof DomainError ? err.code : String(err)),
  );
}
const idOf = (tenant: Tenant | undefined) => tenant?.id ?? '';
const slugOf = (tenant: Tenant | undefined) => tenant?.workspace.slug ?? '';

describe('the workspace is named by', () => {
  test('the input, a header, or the subdomain', async () => {
    expect(await resolve({ input: idOf(one) })).toBe(idOf(one));
    expect(await resolve({ headers: [idOf(two)] })).toBe(idOf(two));
    expect(await resolve({ subdomain: slugOf(two) })).toBe(idOf(two));
  });

  test('several of them that agree, in any spelling', async () => {
    const sources = { input: idOf(one), headers: [idOf(one).toUpperCase(), idOf(one)], subdomain: slugOf(one) };
    expect(await resolve(sources)).toBe(idOf(one));
  });

  test('the session, when nothing else does', async () => {
    expect(await resolve({})).toBe('access.workspace_required');
    await world.services.workspaces.setActive(person.scope, { workspaceId: idOf(two) });
    expect(await resolve({})).toBe(idOf(two));
    expect(await resolve({ input: idOf(one) })).toBe(idOf(one));
  });
});

test('sources that disagree are refused', async () => {
  expect(await resolve({ input: idOf(one), headers: [idOf(two)] })).toBe('access.workspace_conflict');
  expect(await resolve({ headers: [idOf(one), idOf(two)] })).toBe('access.workspace_conflict');
  expect(await resolve({ input: idOf(one), subdomain: slugOf(two) })).toBe('access.workspace_conflict');
});

test('a subdomain cannot be used to probe: foreign and unknown names answer alike', async () => {
  for (const subdomain of [slugOf(foreign), 'no-such-workspace']) {
    expect(await resolve({ subdomain })).toBe('access.forbidden');
    expect(await resolve({ input: idOf(foreign), subdomain })).toBe('access.forbidden');
  }
});

test('nobody chooses a workspace they are no member of, and a deleted one is nobody’s', async () => {
  const { workspaces } = world.services;
  await expect(workspaces.setActive(person.scope, { workspaceId: idOf(foreign) })).rejects.toMatchObject({
    code: 'access.forbidden',
  });
  const doomed = await aTenant(world, { owner: person });
  await workspaces.setActive(person.scope, { workspaceId: doomed.id });
  await workspaces.delete(doomed.scope);
  expect(await resolve({})).toBe('access.workspace_required');
  expect(await resolve({ input: doomed.id })).toBe('access.forbidden');
  await expect(workspaces.setActive(person.scope, { workspaceId: doomed.id })).rejects.toMatchObject({
    code: 'access.forbidden',
  });
});
