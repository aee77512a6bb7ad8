import { open } from 'node:fs/promises';
import type { Destination } from '../../config.ts';
import { contentOf } from '../event.ts';
import type { Target } from './target.ts';

/**
 * Appends each event as a line of JSON: its place in its chain and its content, as its hash was taken. On disk before
 * the next batch. The file is opened anew for each, so that whoever rotates files may take it away.
 */
export const fileTarget = ({ path }: Extract<Destination, { to: 'file' }>): Target => ({
  async send(events) {
    const lines = events.map(
      ({ seq, prevHash, hash, ...content }) =>
        `{"seq":"${seq}","prevHash":"${prevHash}","hash":"${hash}","event":${contentOf(content)}}\n`,
    );
    const file = await open(path, 'a', 0o600);
    try {
      await file.writeFile(lines.join(''));
      await file.datasync();
    } finally {
      await file.close();
    }
    return {};
  },
});
