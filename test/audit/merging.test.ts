import { describe, expect, it } from 'vitest';
import { Merging } from '../../src/audit/merging.ts';

const minute = 60_000;

describe('merged events', () => {
  /** A store that can be switched to fail, and the number of refusals that its events count. */
  function audit() {
    const state = { counted: 0, isDown: false };
    const write = async (count: number) => {
      await Promise.resolve();
      if (state.isDown) throw new Error('down');
      state.counted += count;
    };
    const merging = new Merging();
    const note = (now: number, { key = 'k', apart = 1, count = 1 } = {}) =>
      merging.note({ key, actor: 'a', apart, count }, () => write(count), write, now);
    return { state, merging, note };
  }

  it.each([
    ['the first of a minute', 0, 0],
    ['one of its own later in the minute', 1, 1],
    ['the first of the next minute, while the last one is reported', 5, minute],
    ['the first of the next minute, with nothing to report', 1, minute],
  ])('count each one that could not be written: %s', async (_what, before, at) => {
    const { state, merging, note } = audit();
    for (let i = 0; i < before; i += 1) await note(0, { apart: 3 });
    state.isDown = true;
    await expect(note(at, { apart: 3 })).rejects.toThrow('down');
    state.isDown = false;
    await merging.sweep(Number.POSITIVE_INFINITY);
    expect(state.counted).toBe(before + 1);
  });

  it('count one whose write fails after a sweep released its minute', async () => {
    const { state, merging, note } = audit();
    state.isDown = true;
    const noted = note(0);
    await merging.sweep(Number.POSITIVE_INFINITY);
    await expect(noted).rejects.toThrow('down');
    state.isDown = false;
    await merging.sweep(Number.POSITIVE_INFINITY);
    expect(state.counted).toBe(1);
  });

  it('count all that arrive at once while the memory is full', async () => {
    const { state, merging, note } = audit();
    for (let i = 0; i < 10_000; i += 1) await note(0, { key: `other ${i}` });
    // This actor has exhausted their own events.
    for (let i = 0; i < 60; i += 1) await note(0, { key: 'other 0', apart: 100 });
    await Promise.all(Array.from({ length: 50 }, () => note(0, { apart: 3 })));
    await merging.sweep(Number.POSITIVE_INFINITY);
    expect(state.counted).toBe(10_000 + 60 + 50);
  });
});
