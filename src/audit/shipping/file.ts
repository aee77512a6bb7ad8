import { type FileHandle, open } from 'node:fs/promises';
import type { Destination } from '../../config.ts';
import { eventJson } from '../export-line.ts';
import type { Target } from './target.ts';

/** Does the file end within a line? */
async function endsWithin(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

/**
 * Appends each event as a line of JSON: its place in its chain and its content, as its hash was taken. On disk before
 * the next batch. The file is opened anew for each, so that whoever rotates files may take it away.
 */
export const fileTarget = ({ path }: Extract<Destination, { to: 'file' }>): Target => ({
  async send(events) {
    const lines = events.map((event) => `${eventJson(event)}\n`);
    const file = await open(path, 'a+', 0o600);
    try {
      // A line that broke off (a full disk, a crash) stays by itself; all of its batch comes again.
      const isBroken = await endsWithin(file);
      await file.writeFile(`${isBroken ? '\n' : ''}${lines.join('')}`);
      await file.datasync();
    } finally {
      await file.close();
    }
    return {};
  },
});
