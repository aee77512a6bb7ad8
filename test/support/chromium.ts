import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import WebSocket from 'ws';
import { until } from '../server/tools.ts';

/** The program, if it is installed. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** A page of a real browser. */
export class Page {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: any) => void>();
  #count = 0;
  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text) => {
      const { id, result } = JSON.parse(String(text));
      this.#answers.get(id)?.(result);
    });
  }
  send(method: string, params: object = {}): Promise<any> {
    this.#count += 1;
    this.#socket.send(JSON.stringify({ id: this.#count, method, params }));
    return new Promise((resolve) => this.#answers.set(this.#count, resolve));
  }
  async value(expression: string): Promise<any> {
    return (await this.send('Runtime.evaluate', { expression, returnByValue: true })).result.value;
  }
  /** Presses Enter in the element that has the focus. */
  enter = (): Promise<any> =>
    this.send('Input.dispatchKeyEvent', {
      type: 'keyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 13,
      text: '\r',
    });
}

/** Starts the browser with an empty page. @param folder of its profile. */
export async function startBrowser(folder: string): Promise<{ page: Page; close: () => Promise<void> }> {
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
  const browser = spawn(chromium!, [...options, `--user-data-dir=${join(folder, 'profile')}`, 'about:blank']);
  let said = '';
  browser.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await until('the browser listens', () => /listening on ws:/.test(said), 20_000);
  const [, host] = /listening on ws:\/\/([^/]+)/.exec(said)!;
  const targets = (await (await fetch(`http://${host}/json/list`)).json()) as any[];
  const socket = new WebSocket(targets.find(({ type }) => type === 'page').webSocketDebuggerUrl);
  await once(socket, 'open');
  return {
    page: new Page(socket),
    async close() {
      const ended = once(browser, 'exit');
      browser.kill();
      await ended;
    },
  };
}
