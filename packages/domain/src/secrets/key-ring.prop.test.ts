import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EnvelopeError, open, seal } from './envelope.ts';
import {
  checkValueOf,
  formatKeyRing,
  type KeyRing,
  parseKeyRing,
  withNewVersion,
  withoutVersion,
  workspaceKey,
} from './key-ring.ts';

const master = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const salt = fc.uint8Array({ minLength: 32, maxLength: 32 });
const ring: fc.Arbitrary<KeyRing> = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 99_999 }), master), {
    minLength: 1,
    maxLength: 4,
    selector: ([version]) => version,
  })
  .map((entries) => ({ current: Math.max(...entries.map(([version]) => version)), versions: new Map(entries) }));

/**
 * Invariant: two workspaces have two keys, whether they differ in id or in salt, and one workspace has another key under
 * each version: what one sealed, the other cannot open.
 */
test('property 18: the keys of two workspaces differ', () => {
  fc.assert(
    fc.property(ring, fc.uuid(), fc.uuid(), salt, salt, (keys, id, otherId, own, other) => {
      fc.pre(id !== otherId && Buffer.compare(own, other) !== 0);
      const place = { workspaceId: id, recordId: id, owner: 'hunter', field: 'key', keyVersion: keys.current };
      const key = workspaceKey(keys, { id, salt: own }, keys.current);
      expect(key).toHaveLength(32);
      expect(workspaceKey(keys, { id, salt: own }, keys.current).equals(key)).toBe(true);
      const blob = seal(key, place, 'secret');
      for (const workspace of [
        { id: otherId, salt: own },
        { id, salt: other },
        { id: otherId, salt: other },
      ]) {
        const foreign = workspaceKey(keys, workspace, keys.current);
        expect(foreign.equals(key)).toBe(false);
        expect(() => open(foreign, place, blob)).toThrow(EnvelopeError);
      }
      for (const version of keys.versions.keys()) {
        if (version !== keys.current) expect(workspaceKey(keys, { id, salt: own }, version).equals(key)).toBe(false);
      }
      expect([...keys.versions.values()].some((candidate) => candidate.equals(key))).toBe(false);
    }),
    { numRuns: 150 },
  );
});

/** Invariant: a ring survives being written down and read again, in whatever order its keys are given. */
test('a ring round-trips through its text', () => {
  fc.assert(
    fc.property(ring, (keys) => {
      const text = formatKeyRing(keys);
      expect(parseKeyRing(text)).toEqual({ current: keys.current, versions: new Map(parseKeyRing(text).versions) });
      const shuffled = text.split(',').toReversed().join(' , ');
      for (const [version, key] of keys.versions)
        expect(parseKeyRing(shuffled).versions.get(version)?.equals(key)).toBe(true);
      expect(parseKeyRing(shuffled).current).toBe(keys.current);
    }),
  );
});

/** Invariant: a new version becomes the current one and takes nothing away; giving it up leads back. */
test('rotating adds one version, the highest', () => {
  fc.assert(
    fc.property(ring, (keys) => {
      fc.pre(keys.current < 99_999);
      const next = withNewVersion(keys);
      expect(next.current).toBe(keys.current + 1);
      expect(next.versions.size).toBe(keys.versions.size + 1);
      expect(formatKeyRing(withoutVersion(next, next.current))).toBe(formatKeyRing(keys));
    }),
  );
});

/** Invariant: check values tell keys apart and hold nothing of them. */
test('a check value proves a key without telling it', () => {
  fc.assert(
    fc.property(master, master, (key, other) => {
      expect(checkValueOf(key)).toHaveLength(8);
      expect(checkValueOf(key).equals(checkValueOf(other))).toBe(key.equals(other));
      expect(key.includes(checkValueOf(key))).toBe(false);
    }),
  );
});

describe('a ring is refused without repeating it', () => {
  const hex = randomBytes(32).toString('hex');
  test.each([
    ['63 digits', hex.slice(1)],
    ['a digit that is none', `${hex.slice(1)}g`],
    ['version 0', `0:${hex}`],
    ['a version with a leading zero', `01:${hex}`],
    ['a version given twice', `1:${hex},1:${hex}`],
    ['two keys without versions', `${hex},${hex}`],
    ['an empty entry', `2:${hex},`],
    ['nothing', ''],
  ])('%s', (_, spec) => {
    expect(() => parseKeyRing(spec)).toThrow();
    try {
      parseKeyRing(spec);
    } catch (err) {
      expect(String(err)).not.toContain(hex.slice(2, 20));
    }
  });
});
