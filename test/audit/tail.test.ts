import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { batch, type Source, Tail } from '../../src/db/tail.ts';

/** A source of the numbers from 1. Counts its reads. */
function numbers(more: Partial<Source<number, number>> = {}) {
  const state = { last: 0, reads: 0 };
  const source: Source<number, number> = {
    pollMs: 1_000,
    gatherMs: 0,
    maxWeight: Number.POSITIVE_INFINITY,
    concerns: () => true,
    async read(from) {
      state.reads += 1;
      const count = Math.min(batch, state.last - from);
      await sleep(5);
      return {
        items: Array.from({ length: count }, (_, i) => from + i + 1),
        position: from + count,
        isComplete: count < batch,
      };
    },
    after({ items, begin }, at, count) {
      if (at < begin) return undefined;
      const some = items.slice(at - begin, at - begin + count);
      return { items: some, position: at + some.length };
    },
    pass: (_at, item) => item,
    keyOf: String,
    continues: (last, next) => next === last + 1,
    weightOf: () => 1,
    ...more,
  };
  return { state, tail: new Tail(source) };
}
const take = async (tail: Tail<number, number>, from: number, count: number): Promise<number[]> => {
  const taken: number[] = [];
  for await (const items of tail.follow(from, [], 5_000)) {
    taken.push(...items);
    if (taken.length >= count) break;
  }
  return taken;
};
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a tail', () => {
  it('reads once for all followers, from the beginning and at the end', async () => {
    const { state, tail } = numbers();
    state.last = 3 * batch + 50;
    const following = Array.from({ length: 50 }, () => take(tail, 0, 3 * batch + 60));
    await expect.poll(() => tail.waiting).toBe(50);
    // Four reads back, and one that continues from memory.
    expect(state.reads).toBe(5);
    state.last += 10;
    tail.look();
    for (const taken of await Promise.all(following)) expect(taken).toEqual(range(1, 3 * batch + 60));
    expect(state.reads).toBe(6);
    expect(tail.waiting).toBe(0);
  });

  it('misses nothing that is written while a follower reads back', async () => {
    const { state, tail } = numbers();
    const following = take(tail, 0, 1);
    await sleep(1);
    state.last = 1;
    const began = Date.now();
    expect(await following).toEqual([1]);
    expect(Date.now() - began).toBeLessThan(1_000);
  });

  it.each([
    ['a thousand items', {}, 1_000],
    ['the max weight', { maxWeight: 200, weightOf: () => 10 }, 20],
    ['the last item, however heavy', { maxWeight: 5, weightOf: () => 10 }, 1],
  ])('keeps %s, and reads older items back', async (_what, rules, kept) => {
    const { state, tail } = numbers(rules);
    await tail.readBack(0);
    for (state.last = 100; state.last <= 2_000; state.last += 100) {
      tail.look();
      await expect.poll(() => tail.after(state.last - 1)?.items.length, { interval: 1 }).toBe(1);
    }
    state.last -= 100;
    expect(tail.after(state.last - kept, 2_000)?.items).toEqual(range(state.last - kept + 1, state.last));
    expect(tail.after(state.last - kept - 1)).toBeUndefined();
    expect(await take(tail, 0, state.last)).toEqual(range(1, state.last));
  });

  it('drops items that another history does not continue, and reads that began before', async () => {
    const { state, tail } = numbers({ continues: (_last, next) => next !== 3 });
    state.last = 2;
    await tail.readBack(0);
    expect(tail.after(0)?.items).toEqual([1, 2]);
    state.last = 3;
    tail.look();
    await expect.poll(() => tail.after(0)).toBeUndefined();
    // A read that began before does not enter memory again.
    const read = tail.readBack(2);
    tail.forget();
    expect((await read).items).toEqual([3]);
    expect(tail.after(2)).toBeUndefined();
  });
});
