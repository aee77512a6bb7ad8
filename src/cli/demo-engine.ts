import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Log } from '../lib/log.ts';

const folderOf = ({ dataDir }: Config): string => join(dataDir, 'demo-engine');
const tokenFile = (config: Config): string => join(folderOf(config), 'token');
const main = join(
  import.meta.dirname,
  '..',
  'demo-engine',
  import.meta.filename.endsWith('.ts') ? 'main.ts' : 'main.js',
);

/** The engine is small: V8 collects its garbage early. */
const flags = [
  '--max-semi-space-size=1',
  '--max-old-space-size=128',
  '--optimize-for-size',
  '--disable-warning=ExperimentalWarning',
];
const firstWaitMs = 500;
const maxWaitMs = 30_000;
const stopMs = 3_000;

/** The engine of the demo, in a process of its own. If it ends, it is started again. */
export class DemoEngineProcess {
  readonly #start: () => ChildProcess;
  readonly #log: Log;
  #child: ChildProcess | undefined;
  #isStopping = false;
  #waitMs = firstWaitMs;

  /** Keeps the token for later starts. */
  static prepare(config: Config, token: string): void {
    mkdirSync(folderOf(config), { recursive: true, mode: 0o700 });
    writeFileSync(tokenFile(config), token, { mode: 0o600 });
  }

  /** Starts the engine, unless it is disabled or the store has no demo organisation of this gateway. */
  static start(config: Config, url: string, log: Log): DemoEngineProcess | undefined {
    if (!config.demoEngine || !existsSync(tokenFile(config))) return undefined;
    const token = readFileSync(tokenFile(config), 'utf8').trim();
    const options = { url, token, journal: join(folderOf(config), 'journal') };
    const engine = new DemoEngineProcess(() => {
      const child = spawn(process.execPath, [...flags, main], { stdio: ['pipe', 'ignore', 'inherit'] });
      // Closed if the gateway ends in any way, which ends the engine.
      child.stdin!.on('error', () => undefined);
      child.stdin!.write(`${JSON.stringify(options)}\n`);
      return child;
    }, log);
    engine.#spawn();
    return engine;
  }

  private constructor(start: () => ChildProcess, log: Log) {
    this.#start = start;
    this.#log = log;
  }

  #spawn(): void {
    const startedAt = Date.now();
    const child = this.#start();
    this.#child = child;
    child.once('error', (error) => this.#log.error('the demo engine cannot be started', { error: error.message }));
    child.once('close', (code, signal) => {
      if (this.#isStopping) return;
      if (Date.now() - startedAt > maxWaitMs) this.#waitMs = firstWaitMs;
      this.#log.error('the demo engine has ended and is started again', { code, signal, waitMs: this.#waitMs });
      setTimeout(() => this.#isStopping || this.#spawn(), this.#waitMs).unref();
      this.#waitMs = Math.min(maxWaitMs, this.#waitMs * 2);
    });
    this.#log.info('the demo engine runs the flows of the demo', { pid: child.pid });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
    await closed;
    clearTimeout(timer);
  }
}
