import { aMember, aPerson, type Person, scopeIn, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

const world = useWorld();
const PAGE = { page: 1, limit: 100 };
let people: Person[];
beforeAll(async () => {
  people = await Promise.all(Array.from({ length: 3 }, () => aPerson(world)));
});
const personAt = (index: number): Person => {
  const person = people[index];
  if (!person) throw new Error('There are three people.');
  return person;
};

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((value) => value.isWellFormed() && !value.includes('\u0000'));

/** Invariant: whoever makes a workspace, under whatever name, is its one member and owner; it has a slug of its own and no credits. */
test('property 8: making a workspace makes an owner', async () => {
  const slugs = new Set<string>();
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(2), fc.oneof(name, fc.constant('Acme')), async (who, called) => {
      const creator = personAt(who);
      const workspace = await world.services.workspaces.create(creator.scope, { name: called });
      expect(workspace).toMatchObject({ name: called, role: 'owner' });
      const scope = await scopeIn(world, creator, workspace.id, 'workspace:delete');
      const { items, total } = await world.services.members.list(scope, PAGE);
      expect(total).toBe(1);
      expect(items).toMatchObject([{ userId: creator.user.id, role: 'owner', email: creator.email }]);
      expect(await world.services.billing.get(scope)).toMatchObject({
        creditBalance: 0,
        heldCredits: 0,
        creditLimit: null,
        autoRecharge: false,
      });
      slugs.add(workspace.slug);
      made += 1;
    }),
    { numRuns: 100 },
  );
  expect(slugs.size).toBe(made);
});

type Made = { readonly owner: Person; readonly members: Set<Person> };
type Step = { readonly kind: 'create' | 'add' | 'remove' | 'delete'; readonly who: number; readonly which: number };
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('create', 'create', 'add', 'add', 'remove', 'delete'),
    who: fc.nat(2),
    which: fc.nat(4),
  }) as fc.Arbitrary<Step>, // constantFrom widens the names
  { minLength: 1, maxLength: 8 },
);

/** Invariant: a person's list holds every workspace they are a member of, once, and no other: not deleted ones, not those they left. */
test('property 9: the list holds exactly the caller’s workspaces', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      await world.db.read.$executeRaw`update workspaces set deleted_at = now() where deleted_at is null`;
      const model = new Map<string, Made>();
      for (const step of list) await take(step, model);
      for (const person of people) {
        const expected = [...model].filter(([, { members }]) => members.has(person)).map(([id]) => id);
        expect(await listedBy(person)).toEqual(new Set(expected));
      }
    }),
    { numRuns: 100 },
  );
});

/** Takes one step, in the product and in the model. */
async function take({ kind, who, which }: Step, model: Map<string, Made>): Promise<void> {
  const { workspaces, members } = world.services;
  const person = personAt(who);
  if (kind === 'create') {
    const { id } = await workspaces.create(person.scope, { name: 'Acme' });
    model.set(id, { owner: person, members: new Set([person]) });
    return;
  }
  const [id, made] = [...model][which % Math.max(1, model.size)] ?? [];
  if (id === undefined || !made) return;
  const scope = await scopeIn(world, made.owner, id, 'workspace:delete');
  if (kind === 'delete') {
    await workspaces.delete(scope);
    model.delete(id);
  } else if (kind === 'add' && !made.members.has(person)) {
    await members.add(scope, { email: person.email, role: 'viewer' });
    made.members.add(person);
  } else if (kind === 'remove' && made.members.has(person) && person !== made.owner) {
    await members.remove(scope, { userId: person.user.id });
    made.members.delete(person);
  }
}

/** The ids of a person's list; each must be there once. */
async function listedBy(person: Person): Promise<Set<string>> {
  const { items, total } = await world.services.workspaces.list(person.scope, PAGE);
  expect(new Set(items.map(({ id }) => id)).size).toBe(total);
  return new Set(items.map(({ id }) => id));
}

test('pages of a list meet without a gap or a repeat', async () => {
  const person = await aPerson(world);
  const ids: string[] = [];
  for (let made = 0; made < 7; made += 1)
    ids.push((await world.services.workspaces.create(person.scope, { name: 'Acme' })).id);
  const pages = await Promise.all(
    [1, 2, 3, 4].map((page) => world.services.workspaces.list(person.scope, { page, limit: 3 })),
  );
  expect(pages.map(({ items }) => items.length)).toEqual([3, 3, 1, 0]);
  expect(pages.flatMap(({ items }) => items.map(({ id }) => id))).toEqual(ids);
  expect(pages.every(({ total }) => total === 7)).toBe(true);
});

test('a renamed workspace keeps its slug, and a deleted one is closed to its own owner', async () => {
  const person = await aPerson(world);
  const { id, slug } = await world.services.workspaces.create(person.scope, { name: 'Acme' });
  const member = await aMember(
    world,
    { id, owner: person, scope: await scopeIn(world, person, id), workspace: await getOf(person, id) },
    'member',
  );
  const scope = await scopeIn(world, person, id, 'workspace:delete');
  expect(await world.services.workspaces.update(scope, { name: 'Emca' })).toMatchObject({ name: 'Emca', slug });
  await world.services.workspaces.delete(scope);
  for (const one of [person, member])
    await expect(scopeIn(world, one, id)).rejects.toMatchObject({ code: 'access.forbidden' });
  // Scopes minted before are worth no more.
  const { billing, members, workspaces } = world.services;
  const late = [
    () => workspaces.get(scope),
    () => workspaces.update(scope, { name: 'late' }),
    () => workspaces.delete(scope),
    () => members.add(scope, { email: member.email, role: 'viewer' }),
    () => billing.addCredits(scope, { amount: 1, description: 'late' }),
    () => billing.debit(scope, { amount: 1, description: 'late' }),
  ];
  for (const attempt of late) await expect(attempt()).rejects.toMatchObject({ code: 'access.forbidden' });
});

const getOf = async (person: Person, id: string) => world.services.workspaces.get(await scopeIn(world, person, id));
