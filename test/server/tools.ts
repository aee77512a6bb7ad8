import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..', '..');

/** Waits until the condition holds. Throws an error that names it after the timeout. */
export async function until(what: string, holds: () => unknown, milliseconds = 5_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not in ${milliseconds} ms: ${what}`);
    await sleep(20);
  }
}

/** A program of the project in a process of its own. */
export class Program {
  readonly child: ChildProcess;
  out = '';
  error = '';
  readonly ended: Promise<{ code: number | null; signal: string | null }>;

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    const { PATH, HOME } = process.env;
    this.child = spawn(process.execPath, args, { cwd: root, env: { PATH, HOME, ...env }, stdio: 'pipe' });
    this.child.stdout!.on('data', (chunk) => {
      this.out += chunk;
    });
    this.child.stderr!.on('data', (chunk) => {
      this.error += chunk;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits for a text on standard output. @returns the captured groups. */
  async says(pattern: RegExp, milliseconds = 20_000): Promise<RegExpExecArray> {
    await until(
      `${pattern} in:\n${this.out}\n${this.error}`,
      () => pattern.test(this.out) || !this.isRunning,
      milliseconds,
    );
    const match = pattern.exec(this.out);
    if (!match) throw new Error(`ended without ${pattern}:\n${this.out}\n${this.error}`);
    return match;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<{ code: number | null; signal: string | null }> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** The stock parts without the gateway's protections. */
export async function startPlainYoga(): Promise<Program & { url: string }> {
  const program = new Program([join(import.meta.dirname, 'controls', 'plain-yoga.ts')]);
  const [, port] = await program.says(/port (\d+)/);
  return Object.assign(program, { url: `http://127.0.0.1:${port}` });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends an HTTP request unchanged. Returns the response received before the connection ended. */
export function raw(
  url: string,
  { method = 'POST', headers = {}, body }: { method?: string; headers?: object; body?: string | Buffer } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: headers as Record<string, string>, agent: false });
    request.on('response', (response) => {
      let text = '';
      const done = () => resolve({ status: response.statusCode!, headers: response.headers, text });
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', done).on('error', done);
    });
    request.on('error', reject);
    request.end(body);
  });
}

export const json = (query: string, more: object = {}): string => JSON.stringify({ query, ...more });
export const jsonType = { 'content-type': 'application/json' };

/** {a{a{a…}}} */
export const deep = (depth: number, field = 'a'): string => `{${field}`.repeat(depth) + '}'.repeat(depth);

/** The codes of the errors in a response. */
export const codesOf = (text: string): string[] =>
  (JSON.parse(text) as { errors?: { extensions?: { code: string } }[] }).errors?.map(
    ({ extensions }) => extensions?.code ?? 'none',
  ) ?? [];
