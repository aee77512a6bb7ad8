import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * The terminal in which the process was started.
 * @returns whether it is closed. A process without a stream to a terminal outlives it.
 */
export function watchTerminal(): () => boolean {
  const isTied = [0, 1, 2].some((stream) => isatty(stream)) && hasTerminal();
  // Output to a closed terminal is lost, and is no reason to exit.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return () => isTied && !hasTerminal();
}

const lookMs = 500;

/** Runs the callback when the parent of this process has ended. */
export function onParentEnd(work: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    work();
  }, lookMs).unref();
}
