import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Silence } from '../../src/db/silence.ts';
import type { Log } from '../../src/lib/log.ts';

describe('the detection of a silent database', () => {
  let silence: Silence | undefined;
  afterEach(() => silence?.close());

  /** @param answers the number of checks that the database does not answer. */
  async function watched(missed: number): Promise<{ lines: string[]; cancelled: number }> {
    const seen = { lines: [] as string[], cancelled: 0 };
    let looks = 0;
    const note = (message: string) => void seen.lines.push(message);
    silence = new Silence({
      answers: () => {
        looks += 1;
        return looks > missed;
      },
      giveUp: () => {
        seen.cancelled += 1;
      },
      log: { error: note, info: note, debug: note } as unknown as Log,
    });
    await sleep(900);
    return seen;
  }

  it('tolerates one check without an answer: the thread can have been blocked while it arrived', async () => {
    expect(await watched(2)).toEqual({ lines: [], cancelled: 0 });
  });

  it('control: logs a silence once, and its end once, and cancels waiting work in between', async () => {
    const { lines, cancelled } = await watched(4);
    expect(lines).toEqual(['the database does not answer', 'the database answers again']);
    expect(cancelled).toBe(2);
  });
});
