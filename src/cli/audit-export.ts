import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { csvHeader } from '../resources/governance/audit-log/csv.ts';
import { exportForm } from './audit-usage.ts';
import { type Remote, readRemote, remoteOptions } from './remote.ts';
import { UsageError, usedAs } from './usage.ts';

const usage = `Usage: gatehouse ${exportForm}`;
const attempts = 10;
const tailBytes = 4 * 1024 * 1024;
const progressMs = 500;
/** Start of an export in each format. */
const begins = { ndjson: '{"export":', csv: csvHeader } as const;

interface Settings {
  readonly remote: Remote;
  readonly path: string;
  readonly name: string;
  readonly format: 'ndjson' | 'csv';
  readonly out: string;
  readonly resume: boolean;
}

async function readSettings(args: readonly string[]): Promise<Settings> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...remoteOptions,
      tenant: { type: 'string' },
      instance: { type: 'boolean' },
      out: { type: 'string' },
      format: { type: 'string', default: 'ndjson' },
      resume: { type: 'boolean', default: false },
    },
  });
  const { tenant, instance, out, format, resume } = values;
  const isFormat = format === 'ndjson' || format === 'csv';
  if (out === undefined || !isFormat || (tenant === undefined) === (instance !== true)) throw new UsageError(usage);
  if (!resume && existsSync(out))
    throw new UsageError(`${out} already exists. Use --resume to continue after its last event.`);
  const remote = await readRemote(values);
  const path = tenant === undefined ? '/audit-events' : `/tenants/${encodeURIComponent(tenant)}/audit-events`;
  return { remote, path, name: tenant ?? 'instance', format, out, resume };
}

/** A file that grows by whole lines, and knows the cursor of its last event. */
class Target {
  cursor: string | undefined;
  seq = 0;
  events = 0;
  readonly #path: string;
  readonly #isNew: boolean;
  readonly #file: number;
  #size: number;
  #rest = '';

  constructor(path: string, format: Settings['format']) {
    this.#path = path;
    this.#isNew = !existsSync(path);
    this.#file = openSync(path, this.#isNew ? 'w+' : 'r+', 0o600);
    this.#size = fstatSync(this.#file).size;
    if (this.#size > 0) this.#find(path, format);
  }

  /**
   * Truncates to the end of the last event. A file without events starts again.
   * @throws UsageError if the file is not an export of this format. The file is unchanged.
   */
  #find(path: string, format: Settings['format']): void {
    const bytes = Math.min(this.#size, tailBytes);
    const tail = Buffer.alloc(bytes);
    readSync(this.#file, tail, 0, bytes, this.#size - bytes);
    const head = Buffer.alloc(Math.min(this.#size, begins[format].length));
    readSync(this.#file, head, 0, head.length, 0);
    const end = tail.lastIndexOf('\n') + 1;
    const lines = tail.toString('utf8', 0, end).trimEnd().split('\n');
    const last = lines.findLast((line) => this.#cursorIn(line) !== undefined);
    if (!begins[format].startsWith(head.toString()) || (last === undefined && this.#size > bytes)) {
      closeSync(this.#file);
      throw new UsageError(`${path} is not an export that can be resumed as ${format}.`);
    }
    this.#size = last === undefined ? 0 : this.#size - bytes + end;
    ftruncateSync(this.#file, this.#size);
    if (last !== undefined) this.#note(last);
  }

  #cursorIn(line: string): string | undefined {
    return /^\{"seq":"\d+".{150,180}"cursor":"([\w-]+)"/.exec(line)?.[1] ?? /^\d+,.*,([\w-]{20,})\r?$/.exec(line)?.[1];
  }

  #note(line: string): void {
    const cursor = this.#cursorIn(line);
    if (cursor === undefined) return;
    this.cursor = cursor;
    this.seq = Number(/\d+/.exec(line)![0]);
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Appends received text; only whole lines are written. */
  write(text: string): void {
    const all = this.#rest + text;
    const end = all.lastIndexOf('\n') + 1;
    this.#rest = all.slice(end);
    if (end === 0) return;
    const whole = all.slice(0, end);
    this.#size += writeSync(this.#file, whole, this.#size);
    const lines = whole.split('\n');
    this.events += lines.filter((line) => line.startsWith('{"seq"') || /^\d/.test(line)).length;
    const last = lines.findLast((line) => this.#cursorIn(line) !== undefined);
    if (last !== undefined) this.#note(last);
  }

  /** Discards an incomplete line: it is sent again. */
  forget(): void {
    this.#rest = '';
  }

  close(): void {
    closeSync(this.#file);
    // Without a first line, no file must remain that looks like an export.
    if (this.#isNew && this.isEmpty) rmSync(this.#path);
  }
}

/** A refusal, which a retry does not change. */
class Refused extends UsageError {}

async function part(
  { remote, path, format }: Settings,
  target: Target,
  onProgress: (head: number) => void,
): Promise<void> {
  const url = new URL(remote.url.replace(/\/graphql$/, path));
  url.searchParams.set('format', format);
  if (target.cursor !== undefined) url.searchParams.set('after', target.cursor);
  const response = await fetch(url, { headers: { authorization: remote.authorization } });
  if (!response.ok) {
    const text = await response.text();
    const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? `status ${response.status}`;
    const Failed = response.status === 503 ? Error : Refused;
    throw new Failed(`${url.origin} answers: ${message}`);
  }
  const head = Number(response.headers.get('gatehouse-audit-head') ?? 0);
  const unprovable = response.headers.get('gatehouse-audit-unprovable');
  if (unprovable !== null && target.isEmpty)
    process.stderr.write(
      `WARNING: this export cannot be verified, because ${unprovable}. To prove the chain, export it as a user who can read everything in it, such as an Admin of the tenant.\n`,
    );
  // A file has one header, even if it has several parts.
  let skipHeader = format === 'csv' && !target.isEmpty;
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    target.write(skipHeader ? text.slice(text.indexOf('\n') + 1) : text);
    skipHeader &&= !text.includes('\n');
    onProgress(head);
  }
}

/** Writes a chain to a file, resumes after interruptions, and prints the progress. */
export async function exportEvents(args: readonly string[]): Promise<number> {
  const settings = await usedAs(usage, () => readSettings(args));
  const target = new Target(settings.out, settings.format);
  const began = performance.now();
  let printedAt = began;
  const line = (head: number) => {
    const rate = Math.round((target.events / (performance.now() - began)) * 1_000);
    const share = head > 0 ? `, ${Math.floor((100 * Math.min(target.seq, head)) / head)} %` : '';
    return `${settings.name}: ${target.events} events, ${rate}/s${share}`;
  };
  const onProgress = (head: number) => {
    if (performance.now() - printedAt < progressMs) return;
    printedAt = performance.now();
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line(head)}` : `${line(head)}\n`);
  };
  try {
    for (let attempt = 1; ; attempt += 1) {
      const before = target.events;
      try {
        await part(settings, target, onProgress);
        break;
      } catch (error) {
        if (error instanceof Refused) throw error;
        const { message, cause } = error as Error;
        const why = cause instanceof Error ? `${settings.remote.url} does not answer: ${cause.message}` : message;
        if (attempt >= attempts && target.events === before)
          throw new UsageError(`${why}. Use --resume to continue later.`);
        if (target.events > before) attempt = 0;
        target.forget();
        process.stderr.write(`${process.stderr.isTTY ? '\n' : ''}interrupted (${why}); resuming\n`);
        await new Promise((resolve) =>
          setTimeout(resolve, Math.min(5_000, 100 * 2 ** attempt) * (0.5 + Math.random())),
        );
      }
    }
  } finally {
    target.close();
  }
  process.stderr.write(`${process.stderr.isTTY ? '\r\u001b[K' : ''}${line(0)}\n`);
  return 0;
}
