import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** An entry of the journal: anything that must survive a crash until it is done. */
export interface Entry {
  readonly key: string;
  readonly value: unknown;
}

const compactBytes = 1_048_576;

/**
 * A file with the entries that are not done. `add` returns after the operating system has the entry, so that it survives
 * a kill of the process. A power failure can lose the newest entries.
 */
export class Journal {
  readonly #path: string;
  readonly #open = new Map<string, string>();
  #file: number;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path)) this.#read(readFileSync(path, 'utf8'));
    this.#file = this.#rewrite();
  }

  /** The entries that are not done, oldest first. */
  entries(): Entry[] {
    return [...this.#open.values()].map((line) => {
      const [key, value] = JSON.parse(line) as [string, unknown];
      return { key, value };
    });
  }

  /** Adds an entry, or replaces the one with this key. */
  add(key: string, value: unknown): void {
    const line = `${JSON.stringify([key, value])}\n`;
    this.#open.set(key, line);
    this.#write(line);
  }

  done(keys: readonly string[]): void {
    const known = keys.filter((key) => this.#open.delete(key));
    if (known.length > 0) this.#write(`${JSON.stringify(known.map((key) => [key]))}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(line: string): void {
    this.#bytes += writeSync(this.#file, line);
    const open = this.#bytes > compactBytes ? [...this.#open.values()].reduce((sum, one) => sum + one.length, 0) : 0;
    if (this.#bytes <= compactBytes || open * 2 > this.#bytes) return;
    closeSync(this.#file);
    this.#file = this.#rewrite();
  }

  /** A crash can cut the last line: it was not added then. */
  #read(text: string): void {
    const lines = text.split('\n');
    for (const line of lines.slice(0, -1)) {
      const entry = JSON.parse(line) as [string, unknown] | [string][];
      if (typeof entry[0] === 'string') this.#open.set(entry[0], `${line}\n`);
      else for (const [key] of entry as [string][]) this.#open.delete(key);
    }
  }

  #rewrite(): number {
    const next = `${this.#path}.next`;
    const file = openSync(next, 'w', 0o600);
    const text = [...this.#open.values()].join('');
    writeSync(file, text);
    renameSync(next, this.#path);
    this.#bytes = Buffer.byteLength(text);
    return file;
  }
}
