import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, type Page, startBrowser } from '../support/chromium.ts';
import { temporaryFolder } from '../support/folder.ts';
import { password, World } from '../support/world.ts';
import { until } from './tools.ts';

describe.runIf(chromium)('the pages in a browser', () => {
  const folder = temporaryFolder('browser');
  let world: World;
  let browser: Awaited<ReturnType<typeof startBrowser>>;
  let page: Page;
  beforeAll(async () => {
    world = await World.create({ config: { graphiql: true, origins: ['https://console.example'] } });
    browser = await startBrowser(folder);
    ({ page } = browser);
  });
  afterAll(async () => {
    await browser.close();
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
    await page.enter();
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
    // GraphiQL uses the session, and signs out of it.
    await page.send('Page.navigate', { url: `${world.urls[0]}/graphql` });
    const state = 'document.querySelector("#sign-in")?.dataset.state';
    await until('GraphiQL uses the session', async () => (await page.value(state)) === 'in', 20_000);
    expect(await page.value('document.querySelector("#sign-in output").textContent')).toBe('Signed in as root');
    await page.value('document.querySelector("#sign-in .in").click()');
    await until('it is signed out', async () => (await page.value(state)) === 'out', 20_000);
    expect((await page.send('Network.getCookies')).cookies).toEqual([]);
  });
});
