import { type FileHandle, open } from 'node:fs/promises';
import type { Destination } from '../../config.ts';
import { eventJson } from '../export-line.ts';
import type { Target } from './target.ts';

/** True if the last line of the file is incomplete. */
async function endsWithin(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

/**
 * Appends each event as a line of JSON: its place in its chain, and the exact bytes of content that were hashed. Each
 * batch is flushed to disk before the next. The file is reopened for each batch, so that log rotation can move it.
 */
export const fileTarget = ({ path }: Extract<Destination, { to: 'file' }>): Target => ({
  async send(events) {
    const lines = events.map((event) => `${eventJson(event)}\n`);
    const file = await open(path, 'a+', 0o600);
    try {
      // An incomplete line (after a full disk or a crash) is kept. Its whole batch is written again.
      const isBroken = await endsWithin(file);
      await file.writeFile(`${isBroken ? '\n' : ''}${lines.join('')}`);
      await file.datasync();
    } finally {
      await file.close();
    }
    return {};
  },
});
