import { EventEmitter } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { Inbox } from '../../src/server/ws-inbox.ts';
import { until } from './tools.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('resumes a socket whose allowance is restored at the moment of the check', async () => {
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    isPaused: false,
    pause: () => void Object.assign(socket, { isPaused: true }),
    resume: () => void Object.assign(socket, { isPaused: false }),
  });
  const raw = Object.assign(new EventEmitter(), { writableNeedDrain: false });
  // Each check of the clock advances it.
  let [now, step] = [0, 0];
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += step;
    return now;
  });
  const taken: string[] = [];
  new Inbox(socket as never, raw as never, async (text) => void taken.push(text));
  for (let i = 0; i < 1_001; i += 1) socket.emit('message', Buffer.from(String(i)));
  step = 0.7;
  await until('all messages', () => taken.length === 1_001, 2_000);
  expect(socket.isPaused).toBe(false);
});
