import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DevelopmentProvider, startProvider } from '../idp/provider.ts';
import { until } from '../server/tools.ts';
import { chromium, type Page, startBrowser } from '../support/chromium.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/program.ts';
import { signInWith } from '../support/providers.ts';
import { readmeProvider, secret } from '../support/readme-provider.ts';
import { World } from '../support/world.ts';

describe.runIf(chromium)('single sign-on in a browser', () => {
  const folder = temporaryFolder('sso-browser');
  let world: World;
  let idp: DevelopmentProvider;
  let browser: Awaited<ReturnType<typeof startBrowser>>;
  let page: Page;
  let gate: string;
  beforeAll(async () => {
    const port = await freePort();
    const provider = { ...readmeProvider(folder), issuer: `http://localhost:${port}` };
    world = await World.create({ config: { signIn: signInWith([provider]) } });
    gate = world.urls[0]!;
    idp = await startProvider(port, { id: 'gatehouse', secret, origins: [gate], name: 'local' });
    const main = await world.tenant('main');
    await world.bind(main, { group: await world.group(main, 'Data') }, await world.managed(main, 'Viewer'));
    browser = await startBrowser(folder);
    ({ page } = browser);
  });
  afterAll(async () => {
    await browser.close();
    await idp.close();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const at = (path: RegExp) =>
    until(`it is at ${path}`, async () => path.test(await page.value('location.href')), 20_000);
  const show = async (url: string) => {
    await page.send('Page.navigate', { url });
    await until('it is loaded', () => page.value('document.readyState === "complete"'), 20_000);
  };
  /** Asks the gateway as its page does. */
  const ask = async (query: string) => {
    await show(`${gate}/auth/providers`);
    await page.value(`fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: ${JSON.stringify(query)} }) })
      .then((answer) => answer.text()).then((text) => { document.title = text; })`);
    await until('the answer is there', async () => /data|errors/.test(await page.value('document.title')));
    return JSON.parse(await page.value('document.title'));
  };
  const groups = '{ tenant(key: "main") { flows(first: 1) { totalCount } } viewer { name credential } }';
  const chooseLocal = async () => {
    await show(`${gate}/auth/sign-in?next=/auth/providers`);
    await page.value(`document.querySelector('a[href^="/auth/oidc/local"]').focus()`);
    await page.enter();
  };

  it('signs in, has a group, loses it at the provider, and is signed out from there, without scripts', async () => {
    await page.send('Emulation.setScriptExecutionDisabled', { value: true });
    await chooseLocal();
    await at(/\/interaction\//);
    await until('the form is there', () => page.value('!!document.querySelector("[name=login]")'));
    await page.value('document.querySelector("[name=login]").focus()');
    await page.send('Input.insertText', { text: 'erin' });
    await page.value('document.querySelector("[name=password]").focus()');
    await page.send('Input.insertText', { text: 'any' });
    await page.enter();
    await at(/\/auth\/providers$/);
    const { cookies } = await page.send('Network.getCookies', { urls: [gate] });
    const own = cookies.filter(({ name }: any) => name.startsWith('gatehouse'));
    expect(own).toEqual([
      expect.objectContaining({ name: 'gatehouse', httpOnly: true, sameSite: 'Lax', session: true }),
    ]);
    await page.send('Emulation.setScriptExecutionDisabled', { value: false });
    expect(await ask(groups)).toEqual({
      data: { tenant: { flows: { totalCount: 0 } }, viewer: { name: 'erin', credential: 'SESSION' } },
    });

    idp.people.get('erin')!.groups = [];
    await chooseLocal();
    await at(/\/auth\/providers$/);
    expect((await ask(groups)).data).toMatchObject({ tenant: null, viewer: { name: 'erin' } });

    await show(`${idp.issuer}/session/end`);
    await page.value('document.querySelector("[name=logout][value=yes]").click()');
    await until('she is signed out', async () => (await world.db.session.count()) === 0);
    expect((await ask(groups)).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect(idp.faults).toEqual([]);
  });
});
