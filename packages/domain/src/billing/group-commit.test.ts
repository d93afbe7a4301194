import { Unavailable } from '@morket/contract/errors';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createGroupCommit, type GroupCommitOptions } from './group-commit.ts';

type Item = { readonly group: string; readonly name: string };
const item = (group: string, name: string | number): Item => ({ group, name: `${group}${name}` });
const several = (group: string, count: number): Item[] => Array.from({ length: count }, (_, no) => item(group, no + 1));

/** A queue whose batches end when the test says so. */
function aQueue(options: Partial<GroupCommitOptions<Item, string>> = {}) {
  const batches: { names: string[]; finish: () => void; fail: (err: unknown) => void }[] = [];
  const queue = createGroupCommit<Item, string>({
    groupOf: ({ group }) => group,
    blames: () => 'item',
    lanes: 1,
    run: (items) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      const names = items.map(({ name }) => name);
      batches.push({ names, finish: () => resolve(names.map((name) => `${name} done`)), fail: reject });
      return promise;
    },
    ...options,
  });
  /** The batch that came as number `index`, once it is under way. */
  const batch = (index: number) =>
    vi.waitFor(
      () => {
        const found = batches[index];
        if (!found) throw new Error(`${batches.length} batches so far`);
        return found;
      },
      { interval: 1 },
    );
  return { ...queue, batches, batch };
}

const outcomeOf = (work: Promise<string>): Promise<unknown> => work.catch((err: unknown) => err);
/** Lets everything happen that needs no outside event. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

afterEach(() => vi.useRealTimers());

describe('batches', () => {
  test('at light load hold one item each', async () => {
    const queue = aQueue();
    for (const [index, one] of several('a', 3).entries()) {
      const result = queue.submit(one);
      (await queue.batch(index)).finish();
      expect(await result).toBe(`${one.name} done`);
    }
    expect(queue.batches.map(({ names }) => names)).toEqual([['a1'], ['a2'], ['a3']]);
  });

  test('take what is asked in the same tick together, and what comes meanwhile the next time', async () => {
    const queue = aQueue();
    const first = several('a', 2).map((one) => queue.submit(one));
    const { finish, names } = await queue.batch(0);
    expect(names).toEqual(['a1', 'a2']);
    const second = [item('a', 3), item('b', 1), item('a', 4)].map((one) => queue.submit(one));
    await settled();
    expect(queue.batches).toHaveLength(1);
    finish();
    expect(await Promise.all(first)).toEqual(['a1 done', 'a2 done']);
    (await queue.batch(1)).finish();
    expect(await Promise.all(second)).toEqual(['a3 done', 'b1 done', 'a4 done']);
    expect(queue.batches[1]?.names.filter((name) => name.startsWith('a'))).toEqual(['a3', 'a4']);
  });

  test('hold no more than they may, one item of each group in turn', async () => {
    const queue = aQueue({ maxBatch: 4 });
    const results = [...several('a', 6), ...several('b', 2), ...several('c', 1)].map((one) => queue.submit(one));
    for (let index = 0; index < 3; index += 1) (await queue.batch(index)).finish();
    await Promise.all(results);
    const sizes = queue.batches.map(({ names }) => names.length);
    expect(sizes).toEqual([4, 4, 1]);
    expect(queue.batches[0]?.names.toSorted()).toEqual(['a1', 'a2', 'b1', 'c1']);
  });

  test('give a group that comes late its turn in the next one, however long the queue of another is', async () => {
    const queue = aQueue({ maxBatch: 2 });
    const results = several('a', 7).map((one) => queue.submit(one));
    const first = await queue.batch(0);
    results.push(queue.submit(item('b', 1)));
    first.finish();
    expect((await queue.batch(1)).names).toContain('b1');
    for (let index = 1; index < 4; index += 1) (await queue.batch(index)).finish();
    expect(await Promise.all(results)).toHaveLength(8);
  });
});

describe('lanes', () => {
  test('run as many batches at once as there are, and a group in one of them', async () => {
    const queue = aQueue({ lanes: 2 });
    // Which lane a group has is the queue's own business: of eight groups some meet, and not all do.
    const groups = [...'abcdefgh'];
    const results = groups.flatMap((group) => several(group, 2).map((one) => queue.submit(one)));
    await queue.batch(1);
    await settled();
    expect(queue.batches).toHaveLength(2);
    const [one = [], other = []] = queue.batches.map(({ names }) => names.map((name) => name.charAt(0)));
    expect(new Set([...one, ...other])).toEqual(new Set(groups));
    expect(one.filter((group) => other.includes(group))).toEqual([]);
    // What comes for a group under way waits for its lane, though the other one is free.
    queue.batches[1]?.finish();
    const late = queue.submit(item(one[0] ?? '', 3));
    await settled();
    expect(queue.batches).toHaveLength(2);
    queue.batches[0]?.finish();
    (await queue.batch(2)).finish();
    expect(await late).toBe(`${one[0]}3 done`);
    await Promise.all(results);
  });
});

describe('a batch that fails', () => {
  const poisoned = (
    fatal: ReadonlySet<string>,
    blames: (err: unknown) => 'item' | 'group' | 'neither' = () => 'item',
  ) => {
    const runs: string[][] = [];
    const queue = createGroupCommit<Item, string>({
      groupOf: ({ group }) => group,
      blames,
      lanes: 1,
      run: async (items) => {
        const names = items.map(({ name }) => name);
        runs.push(names);
        const poison = names.find((name) => fatal.has(name));
        if (poison !== undefined) throw new Error(`${poison} is poison`);
        return names.map((name) => `${name} done`);
      },
    });
    return { ...queue, runs };
  };

  test('is run again item by item: the poison fails alone', async () => {
    const queue = poisoned(new Set(['a2']));
    const outcomes = await Promise.all(several('a', 3).map((one) => outcomeOf(queue.submit(one))));
    expect(outcomes).toEqual(['a1 done', new Error('a2 is poison'), 'a3 done']);
    expect(queue.runs).toEqual([['a1', 'a2', 'a3'], ['a1'], ['a2'], ['a3']]);
  });

  test('is not run again when that would not help: everybody is told', async () => {
    const queue = poisoned(new Set(['a2']), () => 'neither');
    const outcomes = await Promise.all(several('a', 3).map((one) => outcomeOf(queue.submit(one))));
    expect(outcomes).toEqual(Array.from({ length: 3 }, () => new Error('a2 is poison')));
    expect(queue.runs).toEqual([['a1', 'a2', 'a3']]);
  });

  test('is run again group by group: one that is stuck keeps no other from going on, nor is it tried item by item', async () => {
    const queue = poisoned(new Set(['a2']), () => 'group');
    const items = [...several('a', 2), ...several('b', 2)];
    const outcomes = await Promise.all(items.map((one) => outcomeOf(queue.submit(one))));
    const stuck = new Error('a2 is poison');
    expect(outcomes).toEqual([stuck, stuck, 'b1 done', 'b2 done']);
    expect(queue.runs.slice(1)).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
    ]);
  });

  test('for a reason that meets everybody on the way ends the trying', async () => {
    let asked = 0;
    const queue = poisoned(new Set(['a1', 'a2']), () => {
      asked += 1;
      return asked === 1 ? 'item' : 'neither';
    });
    const outcomes = await Promise.all(several('a', 4).map((one) => outcomeOf(queue.submit(one))));
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => new Error('a1 is poison')));
    expect(queue.runs).toEqual([['a1', 'a2', 'a3', 'a4'], ['a1']]);
  });

  test('of one item is not run again', async () => {
    const queue = poisoned(new Set(['a1']));
    expect(await outcomeOf(queue.submit(item('a', 1)))).toEqual(new Error('a1 is poison'));
    expect(queue.runs).toEqual([['a1']]);
  });

  test('leaves the queue working', async () => {
    const queue = poisoned(new Set(['a1']));
    await outcomeOf(queue.submit(item('a', 1)));
    expect(await queue.submit(item('a', 2))).toBe('a2 done');
  });
});

describe('a queue that is full', () => {
  const overload = { code: 'server.unavailable', details: { retryAfterSeconds: 1 } };

  test('refuses at once, and takes more as soon as there is room', async () => {
    const queue = aQueue({ maxWaiting: 3, maxBatch: 2 });
    const running = queue.submit(item('a', 0));
    const first = await queue.batch(0);
    const waiting = [item('a', 1), item('b', 1), item('c', 1)].map((one) => queue.submit(one));
    await expect(queue.submit(item('d', 1))).rejects.toMatchObject(overload);
    expect(Unavailable.is(await outcomeOf(queue.submit(item('a', 2))))).toBe(true);
    first.finish();
    const second = await queue.batch(1);
    const late = queue.submit(item('d', 1));
    second.finish();
    (await queue.batch(2)).finish();
    expect(await Promise.all([running, ...waiting, late])).toHaveLength(5);
  });

  test('of one group refuses that group alone', async () => {
    const queue = aQueue({ maxWaitingPerGroup: 2 });
    const results = [queue.submit(item('a', 0))];
    const first = await queue.batch(0);
    for (const one of several('a', 2)) results.push(queue.submit(one));
    await expect(queue.submit(item('a', 3))).rejects.toMatchObject(overload);
    results.push(queue.submit(item('b', 1)));
    first.finish();
    (await queue.batch(1)).finish();
    expect(await Promise.all(results)).toEqual(['a0 done', 'a1 done', 'a2 done', 'b1 done']);
  });
});

describe('an item nobody waits for', () => {
  test('is left out when its signal is aborted in time, and nothing else is', async () => {
    const queue = aQueue();
    const results = [queue.submit(item('a', 0))];
    const first = await queue.batch(0);
    const abort = new AbortController();
    const withdrawn = outcomeOf(queue.submit(item('a', 1), abort.signal));
    results.push(queue.submit(item('a', 2)));
    abort.abort(new Error('the caller left'));
    first.finish();
    (await queue.batch(1)).finish();
    expect(await withdrawn).toEqual(new Error('the caller left'));
    expect(await Promise.all(results)).toEqual(['a0 done', 'a2 done']);
    expect(queue.batches.map(({ names }) => names)).toEqual([['a0'], ['a2']]);
  });

  test('is finished all the same once it is begun', async () => {
    const queue = aQueue();
    const abort = new AbortController();
    const result = queue.submit(item('a', 1), abort.signal);
    const { finish } = await queue.batch(0);
    abort.abort(new Error('too late'));
    finish();
    expect(await result).toBe('a1 done');
  });

  test('and that waited beyond its time is refused, not begun', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const queue = aQueue({ maxWaitMs: 1_000 });
    const results = [queue.submit(item('a', 0))];
    await settled();
    const tooLong = queue.submit(item('a', 1));
    vi.advanceTimersByTime(1);
    results.push(queue.submit(item('a', 2)));
    vi.advanceTimersByTime(1_000);
    queue.batches[0]?.finish();
    await expect(tooLong).rejects.toMatchObject({ code: 'server.unavailable' });
    await settled();
    queue.batches[1]?.finish();
    expect(await Promise.all(results)).toEqual(['a0 done', 'a2 done']);
    expect(queue.batches.map(({ names }) => names)).toEqual([['a0'], ['a2']]);
  });
});

test('draining waits for everything, what is submitted meanwhile too', async () => {
  const queue = aQueue({ lanes: 2 });
  await queue.drain();
  const results = [...'abcd'].map((group) => queue.submit(item(group, 1)));
  let isDrained = false;
  const drained = queue.drain().then(() => {
    isDrained = true;
  });
  await queue.batch(1);
  results.push(queue.submit(item('a', 2)));
  for (let index = 0; index < 3; index += 1) {
    await settled();
    expect(isDrained).toBe(false);
    (await queue.batch(index)).finish();
  }
  await drained;
  expect(await Promise.all(results)).toHaveLength(5);
});
