import { once } from 'node:events';
import { join } from 'node:path';
import { Program } from './tools.ts';

export interface ReaderReport {
  readonly readers: readonly { readonly missing: number; readonly doubled: number }[];
  /** Milliseconds from the time of an event to its arrival. */
  readonly p50: number;
  readonly p99: number;
}

/** Starts subscribers over WebSocket in a process of their own that read everything. */
export async function startReaders(url: string, headers: object, query: string, count: number) {
  const program = new Program([
    join(import.meta.dirname, 'controls', 'readers.ts'),
    url,
    JSON.stringify(headers),
    query,
    String(count),
  ]);
  await program.says(/following/);
  return {
    /** Resolves when all subscribers have received this event. */
    async until(seq: number): Promise<ReaderReport> {
      program.child.stdin!.write(`${seq}\n`);
      const [, report] = await program.says(/report (\{.*\})/, 60_000);
      return JSON.parse(report!) as ReaderReport;
    },
    async stop(): Promise<void> {
      const ended = once(program.child, 'close');
      program.child.kill();
      await ended;
    },
  };
}
