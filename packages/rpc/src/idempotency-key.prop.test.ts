import { randomUUID } from 'node:crypto';
import { InvalidInput } from '@morket/contract/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Context } from './context.ts';
import { intentOf } from './idempotency-key.ts';

const KEY = 'one-key-for-all';

/** The intent of a mutation that comes with this input, under the key of the header. */
function intent(input: unknown, header: string | null = KEY, named: readonly string[] = ['workspaceId']) {
  const ctx = { idempotencyKey: header } as Context; // all that is read of it
  return intentOf({ ctx, path: 'thing.do', getRawInput: async () => input }, named);
}
const fingerprint = async (...given: Parameters<typeof intent>) =>
  Buffer.from((await intent(...given))?.fingerprint ?? []).toString('hex');

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, part]) => [name, shuffled(part)]),
  );
};
const anInput = fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });

/**
 * Invariant: the fingerprint is that of what is meant. The order of fields, how the workspace is named and where the key comes from change
 * nothing; any other difference does.
 */
test('one meaning has one fingerprint, two have two', async () => {
  await fc.assert(
    fc.asyncProperty(anInput, anInput, async (one, other) => {
      const own = await fingerprint(one);
      expect(await fingerprint(shuffled(one))).toBe(own);
      expect(await fingerprint({ ...one, workspaceId: randomUUID() })).toBe(
        await fingerprint({ ...one, workspaceId: 'x' }),
      );
      expect(await fingerprint({ ...one, idempotencyKey: KEY }, null)).toBe(
        await fingerprint({ ...one, idempotencyKey: undefined }),
      );
      const { workspaceId: _a, idempotencyKey: _b, ...first } = JSON.parse(JSON.stringify(one));
      const { workspaceId: _c, idempotencyKey: _d, ...second } = JSON.parse(JSON.stringify(other));
      const isSame = isEqual(first, second);
      expect((await fingerprint(first)) === (await fingerprint(second))).toBe(isSame);
    }),
    { numRuns: 300 },
  );
});

const isEqual = (one: unknown, other: unknown): boolean => {
  try {
    expect(one).toStrictEqual(other);
    return true;
  } catch {
    return false;
  }
};

test('a list is no object, and a missing input is an empty one', async () => {
  expect(await fingerprint({ a: [['b', 1]] })).not.toBe(await fingerprint({ a: { b: 1 } }));
  expect(await fingerprint(undefined)).toBe(await fingerprint({ workspaceId: randomUUID() }));
  expect(await fingerprint(null)).toBe(await fingerprint({}));
});

test('where the workspace is what is meant, another one is another meaning', async () => {
  const choose = (workspaceId: string) => fingerprint({ workspaceId }, KEY, []);
  expect(await choose('a')).not.toBe(await choose('b'));
});

test('one input under two keys leaves two fingerprints: a table of them tells nothing of its inputs', async () => {
  const input = { newPassword: 'correct horse battery staple' };
  expect(await fingerprint(input, 'one-key-1')).not.toBe(await fingerprint(input, 'one-key-2'));
});

describe('the key', () => {
  test('of the input is taken before the one of the header', async () => {
    expect(await intent({ idempotencyKey: 'from-the-input' }, 'from-the-header')).toMatchObject({
      key: 'from-the-input',
    });
    expect(await intent({}, 'from-the-header')).toMatchObject({ procedure: 'thing.do', key: 'from-the-header' });
  });

  test('may be missing', async () => {
    expect(await intent({}, null)).toBeUndefined();
  });

  test.each(['short', 'x'.repeat(201), 'with a \u0000 in it'])('that is none is refused: %j', async (header) => {
    const refused = await intent({}, header).catch((err: unknown) => err);
    expect(InvalidInput.is(refused) && refused.details.issues).toMatchObject([{ path: 'Idempotency-Key' }]);
  });

  test('in the input that is none is left to the schema of the input', async () => {
    expect(await intent({ idempotencyKey: 7 }, null)).toBeUndefined();
    expect(await intent({ idempotencyKey: 'short' }, KEY)).toMatchObject({ key: KEY });
  });
});
