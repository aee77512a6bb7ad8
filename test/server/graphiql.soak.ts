import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { temporaryFolder } from '../support/folder.ts';
import { password, World } from '../support/world.ts';
import { until } from './tools.ts';

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** A page of a real browser. */
class Page {
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
}

describe.runIf(chromium)('the pages in a browser', () => {
  const folder = temporaryFolder('browser');
  let world: World;
  let browser: ReturnType<typeof spawn>;
  let page: Page;
  beforeAll(async () => {
    world = await World.create({ config: { graphiql: true, origins: ['https://console.example'] } });
    const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
    browser = spawn(chromium!, [...options, `--user-data-dir=${join(folder, 'profile')}`, 'about:blank']);
    let said = '';
    browser.stderr!.on('data', (chunk) => {
      said += chunk;
    });
    await until('the browser listens', () => /listening on ws:/.test(said), 20_000);
    const [, host] = /listening on ws:\/\/([^/]+)/.exec(said)!;
    const targets = (await (await fetch(`http://${host}/json/list`)).json()) as any[];
    const socket = new WebSocket(targets.find(({ type }) => type === 'page').webSocketDebuggerUrl);
    await once(socket, 'open');
    page = new Page(socket);
  });
  afterAll(async () => {
    const ended = once(browser, 'exit');
    browser.kill();
    await ended;
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('signs in, runs a query, stores no credential, and does not scroll sideways, also on a phone', async () => {
    await page.send('Page.navigate', { url: `${world.urls[0]}/graphql` });
    await until('the form is there', () => page.value("typeof whenSignedIn === 'function'"), 20_000);
    await page.value(`{ const form = document.querySelector('#sign-in'); form.elements.user.value = 'root';
      form.elements.password.value = ${JSON.stringify(password)}; form.requestSubmit(); }`);
    const editor = 'document.querySelector(".graphiql-query-editor .view-lines")?.innerText';
    await until('GraphiQL is there', async () => /superAdmin/.test(await page.value(editor)), 20_000);
    await page.value('document.querySelector(".graphiql-execute-button").click()');
    const answer = 'document.querySelector(".result-window").innerText';
    await until('the answer is there', async () => /"root"/.test(await page.value(answer)), 20_000);
    for (const width of [1280, 390]) {
      const shape = { width, height: 844, deviceScaleFactor: 1, mobile: width < 600 };
      await page.send('Emulation.setDeviceMetricsOverride', shape);
      expect(await page.value('[innerWidth, document.documentElement.scrollWidth]')).toEqual([width, width]);
    }
    const stored = 'JSON.stringify([localStorage, sessionStorage, document.cookie])';
    await until('the query is stored', async () => /superAdmin/.test(await page.value(stored)));
    const kept = await page.value(stored);
    expect(kept).not.toMatch(/Basic|passphrase|cm9vdD/);
    await page.value('document.querySelector("#sign-in .in").click()');
    await until('it is signed out', () => page.value('document.querySelector("#sign-in")?.dataset.state === "out"'));
  });

  it('signs in by the form of the sign-in page without scripts, and then has a session', async () => {
    await page.send('Emulation.setScriptExecutionDisabled', { value: true });
    await page.send('Page.navigate', { url: `${world.urls[0]}/auth/sign-in?next=/auth/providers` });
    await until('the page has the focus', () => page.value("document.activeElement?.name === 'username'"), 20_000);
    // Styled: the policy of the page allows its own style.
    expect(await page.value('getComputedStyle(document.querySelector("button")).borderRadius')).toBe('6px');
    await page.send('Input.insertText', { text: 'root' });
    await page.value('document.querySelector("#password").focus()');
    await page.send('Input.insertText', { text: password });
    await page.send('Input.dispatchKeyEvent', {
      type: 'keyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 13,
      text: '\r',
    });
    await until('it went on', () => page.value('location.pathname === "/auth/providers"'));
    const { cookies } = await page.send('Network.getCookies');
    expect(cookies).toEqual([
      expect.objectContaining({ name: 'gatehouse', httpOnly: true, sameSite: 'Lax', session: true, path: '/' }),
    ]);
    await page.send('Emulation.setScriptExecutionDisabled', { value: false });
    await page.send('Page.navigate', { url: `${world.urls[0]}/auth/providers` });
    await page.value(`fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: '{"query":"{ viewer { name credential } }"}' })
      .then((answer) => answer.text()).then((text) => { document.title = text; })`);
    await until('the answer is there', async () => /viewer/.test(await page.value('document.title')));
    expect(await page.value('document.title')).toContain('{"name":"root","credential":"SESSION"}');
  });
});
