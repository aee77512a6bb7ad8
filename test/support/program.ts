import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from './client.ts';
import { temporaryFolder } from './folder.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** Returns an unused port. */
export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** The real program in its own folder, with the embedded PostgreSQL. */
export class GatewayProgram {
  readonly folder = temporaryFolder('program');
  readonly port: number;
  readonly env: Record<string, string>;
  output = '';
  #child: ChildProcess | undefined;

  private constructor(port: number, env: Record<string, string>) {
    this.port = port;
    this.env = {
      GATEHOUSE_DATA_DIR: join(this.folder, 'data'),
      PORT: String(port),
      GATEHOUSE_DEMO: '0',
      GATEHOUSE_DEMO_ENGINE: '0',
      ...env,
    };
  }

  static async create(env: Record<string, string> = {}): Promise<GatewayProgram> {
    return new GatewayProgram(await freePort(), env);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get pid(): number {
    return this.#child!.pid!;
  }

  /** The process id of the embedded PostgreSQL, from its data folder. */
  get postmaster(): number | undefined {
    const file = join(this.env['GATEHOUSE_DATA_DIR']!, 'postgres', 'postmaster.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
  }

  /** Runs a command of the program and waits for its end. */
  run(...args: string[]): Promise<{ code: number | null; output: string }> {
    const child = this.#spawn(args);
    let output = '';
    child.stdout!.on('data', (chunk) => (output += chunk));
    child.stderr!.on('data', (chunk) => (output += chunk));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
  }

  #spawn(args: string[]): ChildProcess {
    const { PATH = '' } = process.env;
    return spawn(process.execPath, [main, ...args], { env: { PATH, ...this.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts the gateway and waits until it responds with this status. Default: ready. */
  async start(wanted = 200): Promise<void> {
    const child = this.#spawn(['serve']);
    this.#child = child;
    this.output = '';
    child.stdout!.on('data', (chunk) => (this.output += chunk));
    child.stderr!.on('data', (chunk) => (this.output += chunk));
    const deadline = Date.now() + 40_000;
    while (Date.now() < deadline) {
      if (child.exitCode !== null)
        throw new Error(`the gateway ended at its start (${child.exitCode}):\n${this.output}`);
      const ready = await fetch(`${this.url}/readyz`).then(
        (response) => response.status === wanted,
        () => false,
      );
      if (ready) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the gateway was not ready in time:\n${this.output}`);
  }

  /** Sends a signal and waits for the exit. @returns the exit code, or the signal. */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    const child = this.#child!;
    if (child.exitCode !== null) return child.exitCode;
    const closed = new Promise<number | string>((resolve) =>
      child.once('close', (code, by) => resolve(code ?? by ?? 'unknown')),
    );
    child.kill(signal);
    return closed;
  }

  /** Waits until the gateway exits without a signal. */
  ended(): Promise<number | string> {
    const child = this.#child!;
    if (child.exitCode !== null) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => child.once('close', (code, by) => resolve(code ?? by ?? 'unknown')));
  }

  client(username: string, password: string): Client {
    return new Client(this.url, {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    });
  }

  async remove(): Promise<void> {
    if (this.#child?.exitCode === null) await this.end('SIGTERM');
    const { postmaster } = this;
    if (postmaster !== undefined) {
      try {
        process.kill(postmaster, 'SIGQUIT');
      } catch {
        // It has already exited.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
